/** Where a person goes on to after signing in: a path of this server, and never another one's. */
import { linkTo, type Place } from './visit.ts';

/** Longer ones would not come back in the URL of a request. */
const longest = 4096;
const nowhere = 'http://nowhere.invalid';

/** The path of this server that a text names; null for a text that names none, or another server. */
export function readReturnTo(text: string | null): string | null {
  if (text === null || text.length > longest || !text.startsWith('/') || !URL.canParse(text, nowhere))
    return null;
  const { origin, pathname, search } = new URL(text, nowhere);
  return origin === nowhere && !pathname.startsWith('//') ? pathname + search : null;
}

/** A link to a page that leads on to `returnTo` in the end. */
export function linkWithReturn(place: Place, path: string, returnTo: string | null): string {
  const query = returnTo === null ? '' : `?${new URLSearchParams({ return_to: returnTo })}`;
  return linkTo(place, path) + query;
}
