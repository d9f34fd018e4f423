/** Everything with a secret that the OAuth2 provider does, as it should be done, and as it fails. */
import { sessionCookie } from '../../../src/http/cookies.ts';
import {
  ask,
  authorizationQuery,
  decide,
  locationOf,
  makeProof,
  type RegisteredClient,
  redirectUri,
  refresh,
  registerClient,
  visit,
} from '../../oauth/provider.ts';
import type { RestAnswer } from '../../setup/app.ts';
import { kindOf, type Run } from './run.ts';

const rotate = `mutation ($id: ID!) { rotateOAuthClientSecret(id: $id) { __typename
  ... on RotateOAuthClientSecretSuccess { secret } } }`;

/** Does everything, and answers with a client whose secret is good still. */
export async function driveOAuth(run: Run, apiToken: string): Promise<RegisteredClient> {
  const client = await makeClient(run);
  const tokens = await driveCode(run, client);
  await driveRefresh(run, client, tokens.refresh_token);
  await driveDevice(run);
  await driveTokenQuestions(run, client, { apiToken, ...tokens });
  return client;
}

/** A client with its second secret. */
async function makeClient(run: Run): Promise<RegisteredClient> {
  const { app, graph } = run;
  const first = await registerClient(app);
  const { rotateOAuthClientSecret: next } = await graph(await app.as('admin'), rotate, { id: first.id });
  await ask(app, '/oauth/token', first, { grant_type: 'refresh_token', refresh_token: 'nothing' }); // the old one
  return { ...first, secret: next.secret };
}

async function newRequest(run: Run, client: RegisteredClient, changed: Record<string, string | null> = {}) {
  const { verifier, challenge } = makeProof();
  run.keep('a code verifier', verifier);
  const state = run.keep('a state', `state-of-${makeProof().verifier}`);
  return { verifier, query: authorizationQuery(client, challenge, { state, ...changed }) };
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function driveCode(run: Run, client: RegisteredClient): Promise<Tokens> {
  const { app } = run;
  const ada = await app.as('ada');
  const { verifier, query } = await newRequest(run, client);
  await visit(app, app.anonymous, query);
  await visit(app, ada, query);
  const code = locationOf(await decide(app, ada, query)).searchParams.get('code') ?? '';
  const other = await registerClient(app, { name: 'Another' });
  const redeem = (as: RegisteredClient | null, changed: object = {}) =>
    ask(app, '/oauth/token', as, {
      ...{ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri },
      ...changed,
    });
  await redeem(null);
  await redeem(other);
  await redeem({ ...client, secret: other.secret });
  await redeem(client, { client_id: 'nobody' });
  const tokens: RestAnswer = await redeem(client);
  if (tokens.status !== 200) throw new Error(tokens.text);
  await redeem(client); // again: it ends the session
  for (const changed of [
    { redirect_uri: 'https://evil.example/' },
    { scope: 'admin' },
    { response_type: 'token' },
  ]) {
    const refused = await newRequest(run, client, changed);
    await visit(app, ada, refused.query);
    await decide(app, ada, refused.query);
  }
  const another = await newRequest(run, client);
  await decide(app, ada, another.query, 'deny');
  const again = await newRequest(run, client);
  const secondCode = locationOf(await decide(app, ada, again.query)).searchParams.get('code') ?? '';
  await redeem(client, { code: secondCode }); // with another verifier
  const last = await newRequest(run, client);
  const lastCode = locationOf(await decide(app, ada, last.query)).searchParams.get('code') ?? '';
  return (await redeem(client, { code: lastCode, code_verifier: last.verifier })).body;
}

async function driveRefresh(run: Run, client: RegisteredClient, token: string) {
  const { app } = run;
  await refresh(app, client, token, { scope: 'admin' });
  const { body } = await refresh(app, client, token);
  app.clock.offset += 31_000;
  await refresh(app, client, token); // again, after the grace
  await refresh(app, client, body.refresh_token);
  await refresh(app, { ...client, secret: body.refresh_token }, body.refresh_token);
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

async function driveDevice(run: Run) {
  const { app, keep } = run;
  const client = await registerClient(app, { name: 'Television', isConfidential: false, redirectUris: [] });
  const cookie = `${sessionCookie}=${(await app.as('ada')).token}`;
  for (const decision of ['allow', 'deny']) {
    const { body } = await ask(app, '/oauth/device_authorization', client, { scope: 'profile' });
    const { device_code: deviceCode } = body;
    const userCode = keep('a user code', body.user_code);
    const poll = (changed: object = {}) =>
      ask(app, '/oauth/token', client, { grant_type: deviceGrant, device_code: deviceCode, ...changed });
    await poll();
    await poll();
    await poll({ device_code: userCode });
    await app.call('GET', `/device?user_code=${userCode}`, { headers: { cookie } });
    await app.call('GET', `/device?user_code=${userCode}`);
    const form = { user_code: userCode, decision };
    for (const headers of [{}, { cookie }, { cookie }] as Record<string, string>[])
      await app.call('POST', '/device', { headers, form });
    app.clock.offset += 30_000;
    await poll();
    await poll();
  }
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** Exchange, introspection and revocation: of everything that is there, as the client and as nobody. */
async function driveTokenQuestions(
  run: Run,
  client: RegisteredClient,
  { apiToken }: Tokens & { readonly apiToken: string },
) {
  const { app, secrets } = run;
  const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const exchange = (subject: string, changed: object = {}) =>
    ask(app, '/oauth/token', null, {
      ...{ grant_type: grant, subject_token: subject, subject_token_type: accessTokenType },
      ...changed,
    });
  await exchange(apiToken);
  await exchange(apiToken, { scope: 'admin' });
  await exchange(apiToken, { actor_token: apiToken });
  const kinds = new Map(secrets.all.map(({ value }) => [kindOf(value), value]));
  for (const token of kinds.values()) {
    await exchange(token);
    await app.call('POST', '/oauth/userinfo', { token });
    for (const as of [null, { ...client, secret: token }]) await ask(app, '/oauth/introspect', as, { token });
    await ask(app, '/oauth/introspect', client, { token });
    await ask(app, '/oauth/revoke', { ...client, secret: 'wrong' }, { token });
  }
  await ask(app, '/oauth/revoke', client, { token: kinds.get('ug_ref_') ?? '' });
}
