import type { ApiDocument } from '../rest/documents.ts';
import { demoPassword, openAccounts, otherAccounts } from './demo-accounts.ts';
import { logo, respondWithDocument } from './document.ts';
import { html, type Markup } from './html.ts';
import { sample } from './landing-sample.ts';
import { renderNavigation } from './navigation.ts';
import { loadPublicFiles } from './public-files.ts';

interface LandingPage {
  version: string;
  /** How clients reach this server, for examples that can be pasted as they stand. */
  origin: string;
  hasDemo: boolean;
  /** What the API reference shows. */
  documents: readonly ApiDocument[];
}

/** The front door: what this is, where everything is, and how to sign in. Needs no script. */
export function renderLandingPage({ version, origin, hasDemo, documents }: LandingPage): Response {
  return respondWithDocument({
    title: 'Usergraph: one typed graph of user accounts',
    description: 'A GraphQL server for users, organizations, sessions and tokens.',
    allowed: {},
    head: html`<link rel="stylesheet" href="${loadPublicFiles().url('landing.css')}">`,
    body: html`<body class="landing">
<a class="skip" href="#content">Skip to content</a>
<header>
<a class="brand" href="./" aria-current="page">${logo}Usergraph</a>
${renderNavigation({ hasReference: documents.length > 0 })}
</header>
<main id="content">
${hero}
${hasDemo ? demo : ''}
${renderTerminal(origin, hasDemo)}
${renderEndpoints(documents)}
</main>
<footer>
<p>Usergraph ${version}</p>
<p><a href="livez">Liveness</a> <a href="readyz">Readiness</a></p>
</footer>
</body>`,
  });
}

const hero = html`<section class="hero" aria-labelledby="title">
<div>
<h1 id="title">One typed graph of user accounts</h1>
<p class="lead">Users, service accounts and the accounts they manage; the organizations they belong to; the sessions and tokens they act with. All of it answers from one GraphQL endpoint, and to clients of four vendors&#39; REST APIs in their own words; everyone sees exactly what they may.</p>
<p class="actions"><a class="button primary" href="graphql">Open GraphiQL</a> <a class="button" href="schema.graphql">Read the schema</a></p>
</div>
${sample}
</section>`;

const demo = html`<section aria-labelledby="demo">
<h2 id="demo">Try it with a demo account</h2>
<p>Every password is <code>${demoPassword}</code>.</p>
<ul class="accounts">
${openAccounts.map(
  ({ login, role }) =>
    html`<li><a href="graphql#login=${login}"><strong>Sign in as ${login}</strong><span>${role}</span></a></li>`,
)}
</ul>
<dl>
${otherAccounts.map(({ login, role }) => html`<div><dt>${login}</dt><dd>${role}</dd></div>`)}
</dl>
</section>`;

function renderTerminal(origin: string, hasDemo: boolean): Markup {
  const login = hasDemo ? 'ada' : 'you@example.com';
  const password = hasDemo ? demoPassword : 'your password';
  return html`<section aria-labelledby="terminal">
<h2 id="terminal">From a terminal</h2>
<p>Sign in and keep the token of the session.</p>
<pre tabindex="0" role="region" aria-label="Signing in with curl"><code>TOKEN=$(curl --silent ${origin}/graphql \\
  --header 'content-type: application/json' \\
  --data '{
    "query": "mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignInSuccess { token } } }",
    "variables": { "input": { "login": "${login}", "password": "${password}" } }
  }' | sed -n 's/.*"token":"\\([^"]*\\)".*/\\1/p')</code></pre>
<p>Then ask who you are.</p>
<pre tabindex="0" role="region" aria-label="Asking who you are with curl"><code>curl ${origin}/graphql \\
  --header "authorization: Bearer $TOKEN" \\
  --header 'content-type: application/json' \\
  --data '{ "query": "{ me { id displayName email } }" }'</code></pre>
</section>`;
}

function renderEndpoints(documents: readonly ApiDocument[]): Markup {
  return html`<section aria-labelledby="endpoints">
<h2 id="endpoints">What answers where</h2>
<dl>
<div><dt><a href="graphql">/graphql</a></dt><dd>The GraphQL endpoint; GraphiQL when a browser opens it.</dd></div>
<div><dt><a href="schema.graphql">/schema.graphql</a></dt><dd>The schema in SDL, for code generators and editors.</dd></div>
${documents.length > 0 ? renderReferenceLinks(documents) : ''}
<div><dt><a href="account">/account</a></dt><dd>Your account: where you are signed in, the apps that you connected, your password.</dd></div>
<div><dt><a href="livez">/livez</a></dt><dd>Whether the process is alive.</dd></div>
<div><dt><a href="readyz">/readyz</a></dt><dd>Whether it can reach its database and take requests.</dd></div>
</dl>
<p>Settings, the command line and deployment are described in the README that comes with the source.</p>
</section>`;
}

const renderReferenceLinks = (
  documents: readonly ApiDocument[],
) => html`<div><dt><a href="reference">/reference</a></dt><dd>The REST APIs that your clients may speak already, to read and to try: ${documents.map(({ name, title }, index) => html`<a href="reference#${name}">${title}</a>${index < documents.length - 1 ? ',' : '.'}`)}</dd></div>
<div><dt><a href="fidelity">/fidelity</a></dt><dd>How each answer of those APIs is known.</dd></div>`;
