import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { organizationId } from './accounts.ts';
import { type Result, type Subject, updateInputs } from './update-inputs.ts';

let app: TestApp;
let account: Subject;
beforeAll(async () => {
  app = await openTestApp();
  account = (await updateInputs.UpdateMeInput?.(app)) as Subject;
});
afterAll(() => app?.close());

const updateMe = `mutation ($input: UpdateMeInput!) { updateMe(input: $input) {
  __typename
  ... on UpdateMeSuccess { user { metadata } }
  ... on InvalidInputError { problems { path code } }
} }`;

type Updated = { updateMe: Result & { user?: { metadata: Record<string, unknown> | null } } };

/** Sends metadata as it stands here, for what no JavaScript object says. */
async function sendMetadata(json: string) {
  const body = `{"query": ${JSON.stringify(updateMe)}, "variables": {"input": {"metadata": ${json}}}}`;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${account.client.token}` };
  const response = await app.fetch('/graphql', { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, text, updated: (JSON.parse(text).data as Updated | null)?.updateMe };
}

describe('metadata', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty'])(
    'with the key %s changes nothing but itself',
    async (key) => {
      const { status, updated } = await sendMetadata(
        `{"${key}": {"isSuperuser": true}, "other": {"${key}": 1}}`,
      );
      expect([status, updated?.__typename]).toEqual([200, 'UpdateMeSuccess']);
      expect(({} as Record<string, unknown>).isSuperuser).toBeUndefined();
      expect(Object.getPrototypeOf(updated?.user?.metadata)).toBe(Object.prototype);
      expect(await account.read()).toMatchObject({ isSuperuser: false });
    },
  );

  it('with the key __proto__, which would be lost, is refused and changes nothing', async () => {
    const { status, updated } = await sendMetadata('{"other": {"__proto__": {"isSuperuser": true}}}');
    expect([status, updated?.problems]).toEqual([200, [{ path: ['input', 'metadata'], code: 'INVALID' }]]);
    expect(({} as Record<string, unknown>).isSuperuser).toBeUndefined();
  });

  it.each([
    ['objects', '{"a":', '1', '}'],
    ['lists', '[', '', ']'],
  ])(
    'of 3,000 or 100,000 nested %s is too deep, not an error of ours',
    async (_what, opening, middle, closing) => {
      for (const levels of [3000, 100_000]) {
        const deep = `${opening.repeat(levels)}${middle}${closing.repeat(levels)}`;
        const { status, text, updated } = await sendMetadata(`{"a": ${deep}}`);
        expect(status, text.slice(0, 300)).toBe(200);
        expect(updated?.problems).toEqual([{ path: ['input', 'metadata'], code: 'TOO_DEEP' }]);
      }
    },
  );

  it('that is very wide is too long, not an error of ours', async () => {
    const { status, text, updated } = await sendMetadata(`{"a": [${'0,'.repeat(250_000)}0]}`);
    expect(status, text.slice(0, 300)).toBe(200);
    expect(updated?.problems).toEqual([{ path: ['input', 'metadata'], code: 'TOO_LONG' }]);
  });

  it('with a number that JSON has and JavaScript has not is a problem', async () => {
    const { updated } = await sendMetadata('{"a": 1e400}');
    expect(updated?.problems).toMatchObject([{ code: 'INVALID' }]);
  });

  it('of 8 levels and 16 KiB comes back as it was sent', async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(6)}{}${'}'.repeat(6)}`);
    const metadata = { deep, text: '' };
    metadata.text = 'x'.repeat(16 * 1024 - JSON.stringify(metadata).length);
    const { data } = await account.update({ metadata });
    expect(data.result.user?.metadata).toEqual(metadata);
  });
});

describe.each([
  ['U+0000', 'a\u0000b'],
  ['an unpaired surrogate', '\udfff'],
  ['an escape sequence', '\u001b[31m'],
])('%s', (_what, text) => {
  it.each([
    ['createUser', 'CreateUserInput', () => ({ username: text, name: text, email: `${text}@example.com` })],
    [
      'createUser',
      'CreateUserInput',
      () => ({ email: 'x@example.com', oauthIdentity: { provider: text, subject: text } }),
    ],
    ['createManagedUser', 'CreateManagedUserInput', () => ({ firstName: text })],
    [
      'createServiceAccount',
      'CreateServiceAccountInput',
      async () => ({ name: text, organizationId: await organizationId(app, 'acme') }),
    ],
    ['createApiToken', 'CreateApiTokenInput', () => ({ name: text, scopes: ['PROFILE'] })],
  ])('is a problem of the input of %s', async (field, type, input) => {
    const document = `mutation ($input: ${type}!) { result: ${field}(input: $input) { ... on Error { code } } }`;
    const data = await (await app.as('admin')).run(document, { input: await input() });
    expect(data).toEqual({ result: { code: 'INVALID_INPUT' } });
  });

  it('signs nobody in', async () => {
    const document = `mutation ($input: SignInInput!) { signIn(input: $input) { ... on Error { code } } }`;
    for (const input of [
      { login: text, password: 'usergraph-demo' },
      { login: 'ada', password: text },
    ]) {
      expect(await app.anonymous.run(document, { input })).toEqual({
        signIn: { code: 'INVALID_CREDENTIALS' },
      });
    }
  });

  it.each(['username', 'email', 'oauthProvider', 'oauthId', 'search'])(
    'finds nobody by %s',
    async (condition) => {
      const document = 'query ($filter: UserFilter) { users(filter: $filter) { totalCount } }';
      const data = await (await app.as('admin')).run(document, { filter: { [condition]: text } });
      expect(data).toEqual({ users: { totalCount: 0 } });
    },
  );

  it('is no account by key', async () => {
    const document = 'query ($by: UserKey!) { user(by: $by) { id } }';
    const identity = { oauthIdentity: { provider: text, subject: text } };
    for (const by of [{ username: text }, { email: text }, identity]) {
      expect(await (await app.as('admin')).run(document, { by })).toEqual({ user: null });
    }
  });
});

/** Any text: of Unicode, of its unpaired halves, and of what looks like a value. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
  fc
    .tuple(
      fc.string(),
      fc.constantFrom('\u0000', '\ud800', '\udc00', '\n', '\u001b', '\u202e', '\\', '%00'),
      fc.string(),
    )
    .map((parts) => parts.join('')),
);
const orNull = (values: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 4, arbitrary: values }, fc.constant(null));
const values: Record<string, fc.Arbitrary<unknown>> = {
  name: orNull(text),
  bio: orNull(text),
  avatarUrl: orNull(
    fc.oneof(
      text,
      fc.tuple(fc.webUrl(), text).map((parts) => parts.join('/')),
    ),
  ),
  locale: orNull(
    fc.oneof(text, fc.stringMatching(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?(-[a-z0-9]{5,8})?$/)),
  ),
  timeZone: orNull(fc.oneof(text, fc.constantFrom(...Intl.supportedValuesOf('timeZone')))),
  username: orNull(fc.oneof(text, fc.stringMatching(/^[a-zA-Z0-9_\-@.]{1,60}$/))),
  email: orNull(fc.oneof(text, fc.emailAddress())),
  phoneNumber: orNull(fc.oneof(text, fc.stringMatching(/^\+[0-9]{5,17}$/))),
  metadata: fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' }), { maxKeys: 5 }),
};
/** One field at a time mostly: among many, one that is refused hides what the others would do. */
const anyInput = fc.oneof(
  ...Object.entries(values).map(([field, value]) => fc.record({ [field]: value })),
  fc.record(values, { requiredKeys: [] }),
);

it('whatever an update says, it is done or it is a problem, and what was done can be read', async () => {
  await fc.assert(
    fc.asyncProperty(anyInput, async (input) => {
      const { status, data, text: body } = await account.update(input);
      expect(status, body).toBe(200);
      expect(data.result.__typename).toMatch(/^(UpdateMeSuccess|InvalidInputError|LoginNameTakenError)$/);
      if (data.result.user) expect(await account.read()).toEqual(data.result.user);
    }),
    { numRuns: 200 },
  );
});
