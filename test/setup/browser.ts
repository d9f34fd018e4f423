import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Product {
  origin: string;
  stop(): Promise<void>;
}

/** The built product as its users run it: one process on a new embedded database and a free port. */
export async function startProduct(): Promise<Product> {
  const folder = await mkdtemp(join(tmpdir(), 'usergraph-browser-'));
  const child = spawn(process.execPath, ['dist/cli/usergraph.js', 'start'], {
    cwd: root,
    env: {
      ...process.env,
      PORT: '0',
      LOG_LEVEL: 'warn',
      DATABASE_URL: `pglite:${join(folder, 'data')}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  return { origin: await readOrigin(child), stop };
}

function readOrigin(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = '';
    const read = (text: Buffer) => {
      seen += text;
      const origin = /(http:\/\/\S+:\d+)\s/.exec(seen)?.[1];
      if (origin) resolve(origin);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => reject(new Error(`The product ended before it named its address:\n${seen}`)));
  });
}

/** No name resolves: whatever a page needs from elsewhere, it does not get. */
const networkCut = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';

/** Chromium from CHROMIUM_PATH, from where Debian installs it, or the Chrome of this machine. */
export function launchBrowser(): Promise<Browser> {
  const known = [process.env.CHROMIUM_PATH, '/usr/bin/chromium'].find((path) => path && existsSync(path));
  return chromium.launch({
    ...(known ? { executablePath: known } : { channel: 'chrome' }),
    args: [networkCut],
  });
}

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Everything that a page of ours must never do: foreign requests, policy violations, errors. */
  problems: string[];
}

/** A new visitor; any request to another origin is a problem. Intercepting requests would disable the cache. */
export async function startVisit(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ baseURL: origin, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) problems.push(`request to ${request.url()}`);
  });
  await context.addInitScript({ content: reportViolations });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => problems.push(`exception: ${error.error().message}`));
  return { page, context, problems };
}

const reportViolations = `addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
  console.error('policy violation of ' + effectiveDirective + ' by ' + blockedURI);
});`;
