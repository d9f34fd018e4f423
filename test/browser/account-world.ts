/** The product and a client of it on sockets, and people without scripts who visit both. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { serve } from '../clients/serve.ts';
import { launchBrowser, startVisit, type Visit } from '../setup/browser.ts';
import { addPerson, type RegisteredClient, registerClient } from '../setup/pages.ts';

export async function openAccountWorld() {
  const [served, browser] = await Promise.all([serve({ SIGN_UP: 'open' }), launchBrowser()]);
  const { app, url } = served;
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>The client</title><link rel="icon" href="data:,"><h1>The client</h1>
<form method="post" action="${url}/sign-out"><button>Sign out of Usergraph</button></form></html>`);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const clientOrigin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

  return {
    app,
    url,
    clientOrigin,
    addPerson: () => addPerson(app),
    registerClient: (given: Record<string, unknown> = {}): Promise<RegisteredClient> =>
      registerClient(app, { redirectUris: [`${clientOrigin}/callback`], ...given }),
    /** Somebody new. Going to the client, and a form that is refused on purpose, are no problems. */
    async visit(options: BrowserContextOptions = {}): Promise<Visit> {
      const size = { viewport: { width: 1280, height: 800 } };
      const visit = await startVisit(browser, url, { javaScriptEnabled: false, ...size, ...options });
      const isExpected = (problem: string) =>
        problem.startsWith(`request to ${clientOrigin}/`) || /status of 4(03|22)/.test(problem);
      return {
        page: visit.page,
        context: visit.context,
        get problems() {
          return visit.problems.filter((problem) => !isExpected(problem));
        },
      };
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => site.close(resolve));
      await served.close();
    },
  };
}

export type AccountWorld = Awaited<ReturnType<typeof openAccountWorld>>;

export async function signIn(
  page: Page,
  { username, password }: { username: string; password: string },
): Promise<void> {
  await page.getByLabel('Username or e-mail address').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** The least contrast of a text with what is behind it (WCAG 2.2, 1.4.3), and the text. */
export const leastContrast = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3)
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? behind(element.parentElement) : color;
  };
  const texts = [...document.querySelectorAll('main *, header *')].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
  return texts.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), element.textContent];
  }).sort(([a], [b]) => a - b)[0];
})()`;
