import { randomBytes } from 'node:crypto';
import type { ApiDocument } from '../rest/documents.ts';
import type { AssetGroup } from './assets.ts';
import { respondWithDocument } from './document.ts';
import { html, type Markup } from './html.ts';
import { loadPublicFiles } from './public-files.ts';
import { renderSignInBar } from './sign-in-bar.ts';

interface ReferencePage {
  bundle: AssetGroup;
  documents: readonly ApiDocument[];
  hasDemo: boolean;
  /** How clients reach this server; null leaves it to the address of the page. */
  publicUrl: string | null;
}

/**
 * Scalar under a bar to sign in with. It adds style elements, which carry the nonce; style attributes, which nothing
 * but 'unsafe-inline' allows; and icons inside its styles, which are data: URLs.
 */
export function renderReferencePage({ bundle, documents, hasDemo, publicUrl }: ReferencePage): Response {
  const own = loadPublicFiles();
  const nonce = randomBytes(16).toString('base64');
  return respondWithDocument({
    title: 'API reference · Usergraph',
    description: 'Every operation of the REST APIs of Usergraph, to read and to try.',
    allowed: {
      'script-src': "'self'",
      'connect-src': "'self'",
      'img-src': "'self' data:",
      'style-src-elem': `'self' 'nonce-${nonce}'`,
      'style-src-attr': "'unsafe-inline'",
    },
    head: html`<link rel="stylesheet" href="${own.url('bar.css')}">
<link rel="stylesheet" href="${own.url('reference-page.css')}">
<script type="module" src="${own.url('style-nonce.js')}" nonce="${nonce}"></script>
<script type="module" src="${own.url('no-eval.js')}"></script>
<script type="module" src="${own.url('sign-in.js')}"></script>
<script defer src="${bundle.url('scalar.js')}"></script>
<script type="module" src="${own.url('reference-page.js')}"></script>`,
    body: html`<body class="reference-page">
${renderSignInBar({ hasDemo, hasReference: true, current: 'reference' })}
<div id="reference" data-documents="${JSON.stringify(documents)}" data-servers="${publicUrl === null ? 'page' : 'origin'}">
<main>
<p class="loading">Loading the API reference…</p>
<noscript><p class="no-script">The API reference needs JavaScript. It shows these OpenAPI documents, which any other viewer can show, too: ${links(documents)}</p></noscript>
</main>
</div>
</body>`,
  });
}

const links = (documents: readonly ApiDocument[]): Markup[] =>
  documents.map(({ title, url }) => html`<a href="${url}">${title}</a>`);
