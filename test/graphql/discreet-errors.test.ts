import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
});
afterAll(() => app.close());

const secret = 'Correct_Horse';
const withVariable = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
const inline = (input: string) => `mutation { signIn(input: ${input}) { __typename } }`;
const login = { login: 'ada', password: secret };

async function messageOf(document: string, input?: unknown): Promise<string | undefined> {
  const { errors, text } = await app.anonymous.send<object, object>(document, { input });
  expect(text).not.toContain(secret);
  return errors.at(-1)?.message;
}

describe('a message about a document or its variables says what was expected, and where, and repeats no value', () => {
  it.each([
    [{ ...login, extra: 1 }, '; Field "extra" is not defined by type "SignInInput".'],
    [secret, '; Expected type "SignInInput" to be an object.'],
    [{ password: secret }, '; Field "login" of required type "String!" was not provided.'],
    [
      { ...login, password: [`${secret} at "input.password"; ${secret}`] },
      ' at "input.password"; String cannot represent a non string value.',
    ],
  ])('of the variable %j', async (input, message) => {
    expect(await messageOf(withVariable, input)).toBe(`Variable "$input" got an invalid value${message}`);
  });

  it.each([
    [`{ login: "ada", password: ${secret} }`, 'String cannot represent a non string value.'],
    [`{ login: "ada", password: ["${secret}"] }`, 'String cannot represent a non string value.'],
    [`"${secret}"`, 'Expected value of type "SignInInput!".'],
    [`{ login: "ada" "${secret}" }`, 'Syntax Error: Expected Name, found String.'],
    [`{ login: "ada", password: "${secret} }`, 'Syntax Error: Unterminated string.'],
    [`{ login: "ada", pass: "${secret}" }`, 'Field "pass" is not defined by type "SignInInput".'],
  ])('of the literal %s', async (input, message) => {
    expect(await messageOf(inline(input))).toContain(message);
  });

  it('of a name that an enum has not', async () => {
    const document = `{ users(orderBy: { field: ${secret} }) { totalCount } }`;
    expect(await messageOf(document)).toMatch(/^The value does not exist in "\w+" enum\./);
  });

  it('of a body that is no JSON', async () => {
    const body = JSON.stringify({ query: withVariable, variables: { input: login } }).slice(0, -1);
    const answer = await app.call('POST', '/graphql', {
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([
      { message: 'POST body sent invalid JSON.', extensions: { code: 'BAD_REQUEST' } },
    ]);
    expect(answer.text).not.toContain(secret);
  });
});
