import { createPages } from '../../src/pages/pages.ts';

export const origin = 'http://127.0.0.1:4000';
const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
export const apiDocuments = [
  { name: 'one', title: 'One <API>', url: 'openapi/one.json' },
  { name: 'two', title: 'Two', url: 'openapi/two.json', bearerScheme: 'HTTPBearer' },
];
const pages = createPages({ version: '1.2.3', demoAccounts: true, apiDocuments });

/** Asks as a browser does, unless other headers are given. */
export function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const request = new Request(origin + path, { method, headers: { accept: browserAccept, ...headers } });
  return pages.handle(request, new URL(request.url));
}

export async function read(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await ask(path, headers, method);
  if (!response) throw new Error(`${method} ${path} is not a page`);
  return response;
}

export async function readText(path: string) {
  return (await read(path)).text();
}

/** The paths of all files that a page names. */
export async function findAssets(page: string) {
  return [...(await readText(page)).matchAll(/"(assets\/[^"]+[^"/])"/g)].map((match) => `/${match[1]}`);
}
