/** What is logged and answered when the database fails in the middle of things: its errors tell what was asked of it. */
import type { RegisteredClient } from '../../oauth/provider.ts';
import { operationsWith } from './malformed-operations.ts';
import type { Person } from './people.ts';
import type { Run } from './run.ts';

const tables = ['sessions', 'refresh_tokens', 'api_tokens', 'passwords', 'login_names', 'oauth_clients'];
const others = ['authorization_codes', 'device_authorizations', 'challenges', 'invitations', 'audit_events'];

interface Good {
  readonly person: Person;
  readonly client: RegisteredClient;
  readonly secrets: readonly string[];
}

/** Takes each table away for a while, and asks for everything. */
export async function driveBrokenTables(run: Run, good: Good) {
  for (const table of [...tables, ...others]) {
    await run.app.database.pool.query(`ALTER TABLE ${table} RENAME TO gone`);
    await askForEverything(run, good);
    await run.app.database.pool.query(`ALTER TABLE gone RENAME TO ${table}`);
  }
}

async function askForEverything({ app }: Run, { person, client, secrets }: Good) {
  const { username, password } = person;
  const login = { login: username, password };
  const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { __typename ... on Error { code message } } }`;
  await app.anonymous.send(signIn, { input: login });
  await app.call('POST', '/sign-in', { form: login });
  await app.call('POST', '/auth/login', { form: { username, password } });
  for (const secret of secrets) {
    for (const { name, type, input } of operationsWith(secret)) {
      const document = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Error { code message } } }`;
      await app.withToken(secret).send(document, { input });
    }
    const own = { client_id: client.clientId, client_secret: client.secret ?? '' };
    const grant = { code: secret, code_verifier: secret, refresh_token: secret, device_code: secret };
    for (const grant_type of [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ])
      await app.call('POST', '/oauth/token', { form: { ...own, ...grant, grant_type } });
    await app.call('POST', '/oauth/introspect', { form: { ...own, token: secret } });
    await app.call('POST', '/auth/login', { form: { password: secret } });
    await app.call('GET', '/account', { headers: { cookie: `usergraph_session=${secret}` } });
    await app.call('GET', '/users/me', { token: secret });
  }
}
