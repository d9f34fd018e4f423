import type { HttpRequest } from '../http/message.ts';
import type { ApiDocument } from '../rest/documents.ts';
import type { Fidelity } from '../rest/fidelity.ts';
import type { AssetGroup } from './assets.ts';
import { renderFidelityPage } from './fidelity-page.ts';
import { loadGraphiqlBundle } from './graphiql-bundle.ts';
import { renderGraphiqlPage } from './graphiql-page.ts';
import { renderLandingPage } from './landing-page.ts';
import { prefersHtml } from './negotiation.ts';
import { loadPublicFiles } from './public-files.ts';
import { loadReferenceBundle } from './reference-bundle.ts';
import { renderReferencePage } from './reference-page.ts';
import { securityHeaders } from './security.ts';

export interface PagesOptions {
  version: string;
  /** Whether to offer the demo accounts: asked for each page, since a seed may come and go. */
  demoAccounts: boolean | (() => Promise<boolean>);
  /** How clients reach this server, for the commands on the landing page; the address of the request when absent. */
  publicUrl?: string | null;
  /** What the API reference shows; without any there is no such page. */
  apiDocuments?: readonly ApiDocument[];
  /** How far each of those APIs is like its original. */
  fidelity?: readonly Fidelity[];
}

export interface Pages {
  /** The answer to a request for a page or one of its files; undefined when the path belongs to somebody else. */
  handle(request: HttpRequest, url: URL): Promise<Response> | undefined;
}

type Route = (request: HttpRequest, url: URL) => Promise<Response>;

/** @throws when the files of the pages are missing, so that an incomplete installation does not start */
export function createPages(options: PagesOptions): Pages {
  loadPublicFiles();
  const hasDemo = async () =>
    typeof options.demoAccounts === 'function' ? options.demoAccounts() : options.demoAccounts;
  const documents = options.apiDocuments ?? [];
  const hasReference = documents.length > 0;
  const landing: Route = async (_, url) =>
    renderLandingPage({
      version: options.version,
      origin: options.publicUrl ?? url.origin,
      hasDemo: await hasDemo(),
      documents,
    });
  const graphiql: Route = async () =>
    renderGraphiqlPage({ bundle: await loadGraphiqlBundle(), hasDemo: await hasDemo(), hasReference });
  const reference: Route = async () => {
    const bundle = await loadReferenceBundle();
    return bundle
      ? renderReferencePage({
          bundle,
          documents,
          hasDemo: await hasDemo(),
          publicUrl: options.publicUrl ?? null,
        })
      : notBuilt();
  };
  const fidelity: Route = async () => renderFidelityPage(options.fidelity ?? []);
  const routes = new Map<string, Route>([
    ['/', landing],
    ...(hasReference
      ? ([
          ['/reference', reference],
          ['/fidelity', fidelity],
        ] as const)
      : []),
    ['/favicon.ico', favicon],
    ['/robots.txt', robots],
  ]);

  return {
    handle(request, url) {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (url.pathname === '/graphql') {
        const wantsPage = isRead && prefersHtml(request.headers.get('accept'), url.searchParams.has('query'));
        return wantsPage ? answer(graphiql, request, url) : undefined;
      }
      const route = routes.get(url.pathname) ?? (url.pathname.startsWith('/assets/') ? asset : undefined);
      return route && answer(isRead ? route : methodNotAllowed, request, url);
    },
  };
}

async function answer(route: Route, request: HttpRequest, url: URL): Promise<Response> {
  const response = await route(request, url);
  if (request.method !== 'HEAD') return response;
  return new Response(null, { status: response.status, headers: response.headers });
}

const asset: Route = async (request, url) => {
  const [, hash, name = ''] = /^\/assets\/([\w-]{16})\/([\w.-]+)$/.exec(url.pathname) ?? [];
  const group = hash ? await findGroup(hash) : undefined;
  return (await group?.respond(name, request)) ?? text('Not found\n', 404);
};

async function findGroup(hash: string): Promise<AssetGroup | undefined> {
  const own = loadPublicFiles();
  if (hash === own.hash) return own;
  for (const load of [loadReferenceBundle, loadGraphiqlBundle]) {
    const bundle = await load();
    if (hash === bundle?.hash) return bundle;
  }
  return undefined;
}

/** Reading about an API is no reason for the API not to start, so only this page says what is missing. */
const notBuilt = () => text('The API reference was not built: run `npm run build` and try again.\n', 503);

const favicon: Route = async (request) =>
  (await loadPublicFiles().respond('favicon.svg', request, 'public, max-age=86400')) ??
  text('Not found\n', 404);

const robots: Route = async () => text('User-agent: *\nDisallow: /\n', 200);

const methodNotAllowed: Route = async () => text('Method not allowed\n', 405, { allow: 'GET, HEAD' });

function text(body: string, status: number, headers: Record<string, string> = {}): Response {
  return new Response(body, {
    status,
    headers: {
      ...securityHeaders(),
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-cache',
      ...headers,
    },
  });
}
