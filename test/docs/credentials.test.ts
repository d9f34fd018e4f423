/** Each command of docs/credentials.md works as it stands, with what the commands before it answered. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { parseCurl } from './curl.ts';

const guide = readFileSync(new URL('../../docs/credentials.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);
const commands = blocks('sh').flatMap((block) => block.replace(/^#.*\n/gm, '').split(/^(?=curl )/m));

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

/** What each command must answer with, and the variables that later ones take from it. */
const expected: [answer: RegExp, variables?: Record<string, RegExp>][] = [
  [
    /"expiresIn":600/,
    { TOKEN: /(ug_ses_[\w-]+)/, REFRESH_TOKEN: /(ug_ref_[\w-]+)/, USER_ID: /"id":"(user_\w+)"/ },
  ],
  [/"allowed":true/],
  [/"refreshToken":"ug_ref_.*"token":"ey/],
  [/"secret":"ug_tok_/, { API_TOKEN: /(ug_tok_[\w-]+)/, API_TOKEN_ID: /"id":"(token_\w+)"/ }],
  [/"secret":"ug_tok_/],
  [/"token_type":"Bearer","expires_in":600,"scope":"profile"/],
  [/user_/, { MANAGED_ID: /"id":"(user_\w+)"/ }],
  [/"accessToken":{"token":"ey/],
];

test('each command works as it stands', async () => {
  const known: Record<string, string> = {};
  expect(commands).toHaveLength(expected.length);
  for (const [index, command] of commands.entries()) {
    const { path, ...init } = parseCurl(command, known);
    const response = await app.fetch(path, init);
    const text = await response.text();
    expect(response.status, `${command}\n${text}`).toBe(200);
    const [answer, variables = {}] = expected[index] ?? [/never/];
    expect(text, command).toMatch(answer);
    for (const [name, pattern] of Object.entries(variables)) known[name] = pattern.exec(text)?.[1] ?? '';
  }
});

test('the registration of a client works as it stands', async () => {
  const [document = ''] = blocks('graphql');
  const answer = await (await app.as('admin')).run(document);
  expect(answer).toMatchObject({ registerOAuthClient: { secret: expect.stringMatching(/^ug_cli_/) } });
});

test('every path that it names is served', async () => {
  const paths = new Set([...guide.matchAll(/`(\/[a-z_./-]+)`/g)].map(([, path = '']) => path));
  expect(paths.size).toBeGreaterThan(10);
  for (const path of paths) expect((await app.fetch(path)).status, path).not.toBe(404);
});
