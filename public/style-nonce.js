// The policy of this page accepts inline style elements by nonce only, and what adds them knows of none.

const { nonce } = document.querySelector('script[nonce]');
const createElement = document.createElement;
document.createElement = (name, options) => {
  const element = createElement.call(document, name, options);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};
