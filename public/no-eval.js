// The policy of this page forbids text as code. Scalar tries it out once and does without; this way it learns so
// without a report of a violation.

globalThis.Function = new Proxy(Function, {
  apply: refuse,
  construct: refuse,
});

function refuse() {
  throw new EvalError('This page runs no text as code');
}
