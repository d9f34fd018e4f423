import { html, type Markup } from './html.ts';
import { loadPublicFiles } from './public-files.ts';
import { securityHeaders } from './security.ts';

interface PageDocument {
  title: string;
  description: string;
  head: Markup;
  body: Markup;
  /** What the page may load, as Content-Security-Policy directives. */
  allowed: Readonly<Record<string, string>>;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** The way from the page to the root of the server, for pages below it. */
  root?: string;
}

/** The frame that every page shares: language, viewport, icon, theme and security headers. */
export function respondWithDocument({
  title,
  description,
  head,
  body,
  allowed,
  status = 200,
  headers = {},
  root = '',
}: PageDocument): Response {
  const files = loadPublicFiles();
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="description" content="${description}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${root}${files.url('favicon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${root}${files.url('theme.css')}">
${head}
</head>
${body}
</html>
`;
  return new Response(page.text, {
    status,
    headers: {
      ...securityHeaders({ 'img-src': "'self'", 'style-src': "'self'", ...allowed }),
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(page.text)),
      'cache-control': 'no-cache',
      vary: 'accept',
      ...headers,
    },
  });
}

/** The product's mark: decorative, since its name always stands beside it. */
export const logo = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><path d="M16 16 7 8m9 8 10-6M16 16l-5 10m5-10 8 8"/><circle cx="16" cy="16" r="5"/><circle cx="7" cy="8" r="3"/><circle cx="26" cy="10" r="2.5"/><circle cx="11" cy="26" r="2.5"/><circle cx="24" cy="24" r="3"/></svg>`;
