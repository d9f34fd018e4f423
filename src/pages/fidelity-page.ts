import { evidences, type Fidelity } from '../rest/fidelity.ts';
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
<p class="lead">Clients of other vendors work here unchanged, as far as what those vendors answer is known. This is how each answer is known.</p>
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

function renderReport({ dialect, operations, counts }: Fidelity): Markup {
  const { name, title, documentation, absent = [] } = dialect;
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${title}</h2>
<p>Of its answers ${String(counts.documented)} are documented, ${String(counts.observed)} observed and ${String(counts.assumed)} assumed. <a href="${documentation}" rel="noreferrer">The vendor's documentation</a></p>
<div class="table" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr><th scope="col">Operation</th><th scope="col">Status</th><th scope="col">Known</th><th scope="col">When</th></tr></thead>
<tbody>
${operations.flatMap(({ operation, answers }) =>
  answers.map(
    ({ status, evidence, description }, index) =>
      html`<tr><td>${index === 0 ? html`<code>${operation}</code>` : ''}</td><td>${String(status)}</td><td class="${evidence}">${evidence}</td><td>${withCode(description)}</td></tr>`,
  ),
)}
</tbody>
</table></div>
<p>Known differences:</p>
<ul>
${dialect.differences.map((difference) => html`<li>${withCode(difference)}</li>`)}
</ul>
${absent.length > 0 ? html`<p>Not served: ${absent.map(({ operation, reason }) => html`<code>${operation}</code> (${reason}) `)}</p>` : ''}
</section>`;
}
