import { html, type Markup } from './html.ts';

interface Navigation {
  hasReference: boolean;
  /** The link of the page that is open, if it is among them. */
  current?: string;
}

/** The links between the pages. */
export function renderNavigation({ hasReference, current }: Navigation): Markup {
  return html`<nav aria-label="Main">
${[
  renderLink('graphql', 'GraphiQL', current),
  renderLink('schema.graphql', 'Schema', current),
  ...(hasReference ? [renderLink('reference', 'API reference', current)] : []),
]}
</nav>`;
}

function renderLink(href: string, text: string, current: string | undefined): Markup {
  return html`<a href="${href}"${href === current ? html` aria-current="page"` : ''}>${text}</a>`;
}
