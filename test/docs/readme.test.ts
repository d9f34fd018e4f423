import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorRegistry } from '../../src/errors.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { parseCurl } from './curl.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

/** The curl commands of the README in their order; the first one is wrapped to keep its token. */
const commands = blocks('sh')
  .filter((block) => !block.startsWith('# tour\n')) // a test of its own runs the tour
  .flatMap((block) => block.replace(/^#.*\n/gm, '').split(/^(?=TOKEN=|curl )/m))
  .filter((command) => /^(TOKEN=\$\()?curl /.test(command))
  .map((command) => command.replace(/^TOKEN=\$\(/, '').replace(/\s*\|\s*sed .*$/s, ''));

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

/** What each example must answer with, so that no reader is told of something that is not there. */
const expected = [
  /"token":"ug_ses_/,
  /ada@example\.com.*Robin Vega/,
  /"access_token":"ug_ses_[\w-]+","token_type":"bearer","expires_in":3600/,
  /"username":"ada","email":"ada@example\.com"/,
  /"first_name":"Sam","last_name":null.*"is_managed":true/,
  /"display_name":"Ada Lovelace".*"display_name":"Sam"/,
  /"organizations":\[.*"sub_domain":"acme".*"api_token_id":null/,
  /"secret":"ug_tok_/,
  /"timezone":"Europe\/Paris"/,
];

test('each curl example works as it stands, with the token of the first', async () => {
  let token = '';
  const answers: string[] = [];
  for (const command of commands) {
    const { path, ...init } = parseCurl(command, { TOKEN: token });
    const response = await app.fetch(path, init);
    const text = await response.text();
    expect(response.status, `${command}\n${text}`).toBe(200);
    expect(text, command).not.toContain('"errors"');
    token ||= /ug_ses_[\w-]+/.exec(text)?.[0] ?? '';
    answers.push(text);
  }
  expect(answers).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(answers[index]).toMatch(pattern);
});

test('each GraphQL example does what it says', async () => {
  const ada = await app.as('ada');
  const version = `expectedVersion: ${((await ada.run('{ me { version } }')) as { me: { version: number } }).me.version}`;
  for (const document of blocks('graphql')) {
    const result = await ada.run(document.replace('expectedVersion: 1', version));
    expect(result).toMatchObject({ updateMe: { user: { jobTitle: 'Countess' } } });
  }
});

test('each error that is told at the top level stands there with its status', () => {
  for (const [code, { as, status }] of Object.entries(errorRegistry)) {
    if (as !== 'request') continue;
    const statuses = new RegExp(`^\\|.*\`${code}\`.*?\\| (\\d{3}) +\\|`, 'm').exec(readme);
    expect(statuses?.[1], code).toBe(String(status));
  }
});
