/** The answers of the account pages: a page, or the way to another one. */
import { logo, respondWithDocument } from '../document.ts';
import { html, type Markup } from '../html.ts';
import { loadPublicFiles } from '../public-files.ts';
import { securityHeaders } from '../security.ts';
import { linkTo, type Place } from './visit.ts';

interface PageContent {
  readonly title: string;
  readonly body: Markup;
  /** Whether a form came back: the title tells who cannot see the page. */
  readonly isFailed?: boolean;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where a form of the page may lead in the end besides this server: browsers hold redirects to it too. */
  readonly formTargets?: readonly string[];
}

/** Nothing of these pages is kept; the origin of a form is told to this server, and to no other. */
const always = { 'cache-control': 'no-store', 'referrer-policy': 'same-origin' };

export function showPage(
  place: Place,
  { title, body, isFailed = false, status = 200, headers = {}, formTargets = [] }: PageContent,
): Response {
  const { root } = place;
  return respondWithDocument({
    title: `${isFailed ? 'Error: ' : ''}${title} · Usergraph`,
    description: 'Your account at Usergraph.',
    allowed: { 'form-action': ["'self'", ...formTargets].join(' ') },
    status,
    headers: { ...always, ...headers },
    root,
    head: html`<link rel="stylesheet" href="${root}${loadPublicFiles().url('account.css')}">`,
    body: html`<body class="account">
<header>
<a class="brand" href="${root}">${logo}Usergraph</a>
</header>
<main>
<h1>${title}</h1>
${body}
</main>
</body>`,
  });
}

/** Sends the browser on, with a GET. */
export function goTo(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ ...securityHeaders(), ...always, location });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

/** Sends the browser on to a page of this server. */
export const goToPage = (place: Place, path: string, cookies: readonly string[] = []): Response =>
  goTo(linkTo(place, path), cookies);

/** For a path that only takes forms: whoever had to sign in on the way comes back to it without one. */
export const backToAccount = async (place: Place): Promise<Response> => goToPage(place, '/account');
