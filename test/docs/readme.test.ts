import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorRegistry } from '../../src/errors.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

test('each curl example answers with data, the second with the token of the first', async () => {
  const commands = blocks('sh')
    .flatMap((block) => block.split(/^(?=TOKEN=|curl )/m))
    .filter((line) => /^(TOKEN=\$\()?curl /.test(line));
  let token = '';
  const answers: string[] = [];
  for (const command of commands) {
    const { query } = JSON.parse(/-d '(\{.*?\})'/s.exec(command)?.[1] ?? '');
    const { text, errors } = await app
      .withToken(command.includes('authorization') ? token : null)
      .send(query);
    expect(errors).toEqual([]);
    token = /ug_ses_[\w-]+/.exec(text)?.[0] ?? token;
    answers.push(text);
  }
  expect(answers).toHaveLength(2);
  expect(answers[1]).toContain('ada@example.com');
  expect(answers[1]).toContain('Robin Vega');
});

test('each GraphQL example does what it says', async () => {
  const ada = await app.as('ada');
  for (const document of blocks('graphql')) {
    expect(await ada.run(document)).toMatchObject({
      updateMe: { user: { jobTitle: 'Countess', version: 2 } },
    });
  }
});

test('each error that is told at the top level stands there with its status', () => {
  for (const [code, { as, status }] of Object.entries(errorRegistry)) {
    if (as !== 'request') continue;
    const statuses = new RegExp(`^\\|.*\`${code}\`.*?\\| (\\d{3}) +\\|`, 'm').exec(readme);
    expect(statuses?.[1], code).toBe(String(status));
  }
});
