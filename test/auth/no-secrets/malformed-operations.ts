/** Requests to the graph that hold a secret and cannot be understood: whoever complains of them must not repeat it. */
import type { Run } from './run.ts';

interface Operation {
  readonly name: string;
  readonly type: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** An operation for each secret that the graph takes. */
export const operationsWith = (secret: string): Operation[] => [
  { name: 'signIn', type: 'SignInInput', input: { login: 'ada', password: secret, newPassword: secret } },
  {
    name: 'signUp',
    type: 'SignUpInput',
    input: { email: 'x@example.org', password: secret, invitation: secret },
  },
  {
    name: 'changePassword',
    type: 'ChangePasswordInput',
    input: { currentPassword: secret, newPassword: secret },
  },
  {
    name: 'resetPassword',
    type: 'ResetPasswordInput',
    input: { login: 'ada', code: secret, newPassword: secret },
  },
  { name: 'refreshSession', type: 'RefreshSessionInput', input: { refreshToken: secret } },
  { name: 'acceptInvitation', type: 'AcceptInvitationInput', input: { code: secret } },
  { name: 'createUser', type: 'CreateUserInput', input: { username: 'x', password: secret } },
  {
    name: 'registerSigningKey',
    type: 'RegisterSigningKeyInput',
    input: { organizationId: 'org', name: 'x', publicJwk: { kty: 'EC', d: secret } },
  },
];

const documentOf = ({ name, type }: Operation) =>
  `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Error { code message } } }`;

/** The same values where their types do not fit. */
function misfits(input: Operation['input']): object[] {
  const changed = (change: (value: unknown) => unknown) =>
    Object.fromEntries(Object.entries(input).map(([key, value]) => [key, change(value)]));
  return [
    { ...input, unknown: 'x' },
    changed((value) => ({ value })),
    changed((value) => [value, value]),
    changed((value) => [value]),
    { [Object.keys(input)[0] ?? '']: Object.values(input).at(-1), ...changed(() => 1) },
    Object.fromEntries(Object.entries(input).map(([key, value]) => [`${key}_`, value])),
  ];
}

/** A literal of GraphQL. */
function literal(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${key}: ${literal(part)}`)
    .join(', ')} }`;
}

/** Documents with the secret in them: some that cannot be parsed, some that are not valid. */
function inlineDocuments({ name, input }: Operation, secret: string): string[] {
  const text = literal(input);
  const field = (of: string) =>
    `mutation { ${name}(input: ${of}) { __typename ... on Error { code message } } }`;
  return [
    field(text),
    field(text).slice(0, -2),
    field(text.replaceAll(JSON.stringify(secret), JSON.stringify(secret).slice(0, -1))),
    field(text.replaceAll(JSON.stringify(secret), secret)),
    field(text.replaceAll(JSON.stringify(secret), `[${JSON.stringify(secret)}, ${JSON.stringify(secret)}]`)),
    field(text.replace('}', ', unknown: 1 }')),
    field(JSON.stringify(secret)),
    field(secret),
    `${secret} ${field(text)}`,
  ];
}

export async function sendMalformedGraph({ app }: Run, secret: string, token: string | null = null) {
  const post = (body: string, type = 'application/json') =>
    app.call('POST', '/graphql', { token, headers: { 'content-type': type }, body });
  for (const operation of operationsWith(secret)) {
    const query = documentOf(operation);
    const asJson = (input: unknown) => JSON.stringify({ query, variables: { input } });
    for (const input of [operation.input, ...misfits(operation.input), secret, [secret]])
      await post(asJson(input));
    for (const document of inlineDocuments(operation, secret))
      await post(JSON.stringify({ query: document }));
    const good = asJson(operation.input);
    const bodies = [
      good.slice(0, -3),
      `[${good}]`,
      JSON.stringify(good),
      secret,
      JSON.stringify({ query: secret }),
    ];
    for (const body of bodies) await post(body);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', secret])
      await post(good, type.replaceAll(/[^ -~]/g, '?'));
    const variables = JSON.stringify({ input: operation.input });
    for (const params of [{ query, variables }, { query: field(operation) }, { query, variables: secret }])
      await app.call('GET', `/graphql?${new URLSearchParams(params)}`, { token });
  }
}

const field = ({ name, input }: Operation) => `mutation { ${name}(input: ${literal(input)}) { __typename } }`;
