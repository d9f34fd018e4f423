// Prepares the page for Monaco, the editor inside GraphiQL, and runs before it.

const files = {
  editorWorkerService: 'editor.worker.js',
  graphql: 'graphql.worker.js',
  json: 'json.worker.js',
};
const { workers } = document.querySelector('#graphiql').dataset;

globalThis.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_, label) => workers + files[label],
};

// The policy of this page accepts inline style elements by nonce only, and Monaco knows of none.
const { nonce } = document.querySelector('script[nonce]');
const createElement = document.createElement;
document.createElement = (name, options) => {
  const element = createElement.call(document, name, options);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};
