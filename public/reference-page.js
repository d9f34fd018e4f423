// Mounts Scalar, whose requests carry the token of the session.

import { onSessionChange, restored } from './session.js';

const root = document.querySelector('#reference');
const documents = JSON.parse(root.dataset.documents);
const home = new URL('.', location.href).href;

if (globalThis.Scalar) restored.then(mount);
else root.textContent = 'The API reference could not be loaded. Reload the page to try again.';

const bar = document.querySelector('.bar');
new ResizeObserver(() => {
  document.body.style.setProperty('--bar-height', `${bar.offsetHeight}px`);
}).observe(bar);

function mount() {
  let reference;
  onSessionChange(({ token }) => {
    if (reference) reference.updateConfiguration(configure(token));
    else reference = globalThis.Scalar.createApiReference(root, configure(token));
  });
}

function configure(token) {
  return {
    sources: documents.map((document) => describeSource(document, token)),
    // The servers of the documents are relative to the page, behind whatever proxy; with a public URL, to its origin.
    baseServerURL: root.dataset.servers === 'page' ? home.replace(/\/$/, '') : location.origin,
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: 'never',
    persistAuth: false,
    orderSchemaPropertiesBy: 'preserve',
    onBeforeRequest: dropEmptyBearer,
  };
}

/** Without a token Scalar sends the word Bearer alone, which is a bad credential and not the lack of one. */
function dropEmptyBearer({ request }) {
  if (request.headers.get('authorization') === 'Bearer') request.headers.delete('authorization');
}

function describeSource({ name, title, url, bearerScheme = 'bearer' }, token) {
  return {
    slug: name,
    title,
    url: new URL(url, home).href,
    authentication: {
      preferredSecurityScheme: bearerScheme,
      securitySchemes: { [bearerScheme]: { token: token ?? '' } },
    },
  };
}
