/** What the REST dialects do with secrets. */
import { sessionCookie, tokenCookie } from '../../../src/http/cookies.ts';
import { newPasswordOf, type Person, signInAs } from './people.ts';
import type { Run } from './run.ts';

export interface Credentials {
  readonly person: Person;
  readonly apiToken: string;
  readonly capability: string;
}

const places = [
  '/users/me',
  '/users/current',
  '/me',
  '/api/v1/users/',
  '/api/v1/oauth/userinfo',
  '/me/sessions',
];

export async function driveRest(run: Run, { person, apiToken, capability }: Credentials) {
  const { app } = run;
  await driveZenml(run, person, apiToken);
  const { token, refreshToken, accessToken } = await signInAs(run, person.username, person.password);
  await driveSweatstack(run, token, refreshToken);
  for (const path of places) {
    for (const secret of [token, accessToken.token, apiToken, capability, refreshToken]) {
      await app.call('GET', path, { token: secret });
      await app.call('GET', path, { headers: { authorization: secret } });
      await app.call('GET', path, { headers: { authorization: `Token ${secret} ${secret}` } });
      await app.call('GET', `${path}?access_token=${secret}&limit=${secret}`);
    }
    const cookie = `${sessionCookie}=${token}; ${tokenCookie}=${capability}`;
    await app.call('GET', path, { headers: { cookie } });
  }
}

async function driveZenml({ app, keep, ...run }: Run, { username, password }: Person, apiToken: string) {
  const logIn = (form: Record<string, string>) => app.call('POST', '/auth/login', { form });
  const wrong = newPasswordOf({ app, keep, ...run }, 'that is wrong for ZenML');
  await logIn({ username, password });
  await logIn({ username, password: wrong });
  await logIn({ password: apiToken });
  await logIn({ password: wrong });
  await logIn({ username: wrong, client_secret: wrong });
  const { body } = await app.call('POST', '/auth/device_authorization', { form: {} });
  keep('a user code of ZenML', body.user_code);
  await logIn({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: body.device_code,
  });
}

async function driveSweatstack({ app }: Run, token: string, refreshToken: string) {
  const own = await app.call('GET', '/api/v1/oauth/principal-token', { token });
  const list = await app.call('GET', '/api/v1/users/', { token });
  for (const sub of [list.body[0]?.id, refreshToken])
    await app.call('POST', '/api/v1/oauth/delegated-token', { token, json: { sub } });
  const ada = await app.as('ada');
  const managed = await app.call('GET', '/api/v1/users/', { token: ada.token });
  for (const { id: sub } of managed.body)
    await app.call('POST', '/api/v1/oauth/delegated-token', { token: ada.token, json: { sub } });
  const exchange = (form: Record<string, string>) => app.call('POST', '/api/v1/oauth/token', { form });
  const grant_type = 'refresh_token';
  await exchange({ grant_type, refresh_token: own.body.refresh_token });
  await exchange({ grant_type, refresh_token: token });
  await exchange({ grant_type, client_id: refreshToken, client_secret: token });
  await exchange({ grant_type: 'authorization_code', code: token, code_verifier: refreshToken });
}
