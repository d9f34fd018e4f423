/** The pieces that several account pages are made of. */
import type { Scope } from '../../domain/policy.ts';
import { html, type Markup } from '../html.ts';
import type { Identity } from './identity.ts';
import { scopeWords } from './scope-words.ts';

/** The one thing that a page is for. */
export const card = (content: Markup): Markup => html`<div class="card">${content}</div>`;

/** Something that happened, said by the page that comes after it. */
export const renderStatus = (message: string): Markup => html`<p class="note" role="status">${message}</p>`;

/** A moment as people write it, in the time zone of the account. */
export function renderTime(moment: Date, timeZone: string | null): Markup {
  const zone = timeZone ?? 'UTC';
  const format = new Intl.DateTimeFormat('en-US', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: zone,
  });
  return html`<time datetime="${moment.toISOString()}">${format.format(moment)}${timeZone === null ? ' UTC' : ''}</time>`;
}

/** A person by the name that is shown, and the one that it signs in by. */
export function renderPerson({ displayName, login }: Identity): Markup {
  const isSaid = login === '' || login === displayName;
  return html`<strong>${displayName}</strong>${isSaid ? '' : ` (${login})`}`;
}

/** What an app may do, one line a scope. */
export const renderScopes = (scopes: readonly string[]): Markup =>
  html`<ul class="scopes">
${scopes.map((scope) => html`<li>${scopeWords[scope as Scope] ?? scope}</li>`)}
</ul>`;
