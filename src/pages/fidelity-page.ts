import { evidences, type Fidelity, type KnownAnswer } from '../rest/fidelity.ts';
import { logo, respondWithDocument } from './document.ts';
import { html, type Markup } from './html.ts';
import { renderNavigation } from './navigation.ts';
import { loadPublicFiles } from './public-files.ts';

/** How far each REST dialect can be trusted to be like the original: needs no script. */
export function renderFidelityPage(reports: readonly Fidelity[]): Response {
  return respondWithDocument({
    title: 'Fidelity of the REST dialects · Usergraph',
    description: 'Every operation and every answer of the REST dialects, and how each is known.',
    allowed: {},
    head: html`<link rel="stylesheet" href="${loadPublicFiles().url('landing.css')}">`,
    body: html`<body class="landing">
<a class="skip" href="#content">Skip to content</a>
<header>
<a class="brand" href="./">${logo}Usergraph</a>
${renderNavigation({ hasReference: true })}
</header>
<main id="content">
<h1>Fidelity of the REST dialects</h1>
<p class="lead">Clients of other vendors work here by a change of their base URL, as far as what those vendors answer is known. This is how each answer is known.</p>
<dl>
${Object.entries(evidences).map(([evidence, meaning]) => html`<div><dt>${evidence}</dt><dd>${meaning}</dd></div>`)}
</dl>
${reports.map(renderReport)}
</main>
</body>`,
  });
}

/** Text in which backquotes mark code. */
const withCode = (text: string): readonly Markup[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));

function renderReport({ dialect, operations, everywhere, counts }: Fidelity): Markup {
  const { name, title, documentation, differences, absent = [] } = dialect;
  const notServed = absent.map(({ operation, reason }) => `Not served: \`${operation}\`. ${reason}`);
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${title}</h2>
<p>Of its answers ${String(counts.documented)} are documented, ${String(counts.observed)} observed and ${String(counts.assumed)} assumed. <a href="${documentation}" rel="noreferrer">The vendor's documentation</a></p>
<p>Known differences:</p>
<ul>
${[...differences, ...notServed].map((difference) => html`<li>${withCode(difference)}</li>`)}
</ul>
<div class="table" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr><th scope="col">Operation</th><th scope="col">Status</th><th scope="col">Known</th><th scope="col">When</th></tr></thead>
<tbody>
${operations.flatMap(({ operation, answers }) => renderAnswers(html`<code>${operation}</code>`, answers))}
${renderAnswers(html`every operation that it applies to`, everywhere)}
</tbody>
</table></div>
</section>`;
}

/** The rows of an operation; only the first names it. */
function renderAnswers(operation: Markup, answers: readonly KnownAnswer[]): readonly Markup[] {
  return answers.map(
    ({ status, evidence, description }, index) =>
      html`<tr><td>${index === 0 ? operation : ''}</td><td>${String(status)}</td><td class="${evidence}">${evidence}</td><td>${withCode(description)}</td></tr>`,
  );
}
