import { html } from './html.ts';

const field = (text: string) => html`<span class="field-name">${text}</span>`;
const value = (text: string) => html`<span class="value">${text}</span>`;

/** A query beside its answer: the shortest explanation of what this server is for. */
export const sample = html`<div class="sample">
<figure>
<figcaption>Ask</figcaption>
<pre tabindex="0" role="region" aria-label="An example query"><code>query Me {
  ${field('me')} {
    displayName
    email
    ${field('organizations')}(first: ${value('1')}) {
      ${field('edges')} {
        role
        ${field('node')} { name }
      }
    }
  }
}</code></pre>
</figure>
<figure>
<figcaption>Answer</figcaption>
<pre tabindex="0" role="region" aria-label="The answer to the example query"><code>{ ${field('"me"')}: {
  "displayName": ${value('"Ada Lovelace"')},
  "email": ${value('"ada@example.com"')},
  ${field('"organizations"')}: {
    ${field('"edges"')}: [{
      "role": ${value('"OWNER"')},
      ${field('"node"')}: {
        "name": ${value('"Acme"')}
      }
    }]
  }
} }</code></pre>
</figure>
</div>`;
