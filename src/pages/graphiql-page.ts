import { randomBytes } from 'node:crypto';
import type { AssetGroup } from './assets.ts';
import { respondWithDocument } from './document.ts';
import { html } from './html.ts';
import { loadPublicFiles } from './public-files.ts';
import { renderSignInBar } from './sign-in-bar.ts';

interface GraphiqlPage {
  bundle: AssetGroup;
  hasDemo: boolean;
  hasReference: boolean;
}

/**
 * GraphiQL under a bar to sign in with. Its editor adds style elements, which carry the nonce, and style attributes,
 * which nothing but 'unsafe-inline' allows.
 */
export function renderGraphiqlPage({ bundle, hasDemo, hasReference }: GraphiqlPage): Response {
  const own = loadPublicFiles();
  const nonce = randomBytes(16).toString('base64');
  return respondWithDocument({
    title: 'GraphiQL · Usergraph',
    description: 'Write, run and explore queries against Usergraph.',
    allowed: {
      'script-src': "'self'",
      'worker-src': "'self'",
      'connect-src': "'self'",
      'font-src': "'self'",
      'style-src-elem': `'self' 'nonce-${nonce}'`,
      'style-src-attr': "'unsafe-inline'",
    },
    head: html`<link rel="stylesheet" href="${bundle.url('graphiql.css')}">
<link rel="stylesheet" href="${own.url('bar.css')}">
<link rel="stylesheet" href="${own.url('graphiql-page.css')}">
<script type="module" src="${own.url('style-nonce.js')}" nonce="${nonce}"></script>
<script type="module" src="${own.url('environment.js')}"></script>
<script type="module" src="${own.url('sign-in.js')}"></script>
<script defer src="${bundle.url('graphiql.js')}"></script>
<script type="module" src="${own.url('graphiql-page.js')}"></script>`,
    body: html`<body class="graphiql-page">
${renderSignInBar({ hasDemo, hasReference, current: 'graphql' })}
<main id="graphiql" data-workers="${bundle.base}" aria-label="GraphiQL">
<p class="loading">Loading GraphiQL…</p>
<noscript><p class="no-script">GraphiQL needs JavaScript. The endpoint answers any HTTP client: see <a href="./">the examples</a> and <a href="schema.graphql">the schema</a>.</p></noscript>
</main>
</body>`,
  });
}
