/** Forms, bodies and URLs that hold a secret where none belongs, or that cannot be understood. */
import type { RegisteredClient } from '../../oauth/provider.ts';
import { issuedIn } from './registry.ts';
import type { Run } from './run.ts';

const endpoints = [
  '/oauth/token',
  '/oauth/revoke',
  '/oauth/introspect',
  '/oauth/device_authorization',
  '/oauth/userinfo',
  '/auth/login',
  '/auth/device_authorization',
  '/api/v1/oauth/token',
  '/api/v1/oauth/delegated-token',
  '/sign-in',
  '/sign-up',
  '/account/reset',
  '/account/password',
  '/device',
];
const fields = [
  'grant_type',
  'code',
  'code_verifier',
  'refresh_token',
  'device_code',
  'subject_token',
  'token',
];
/** No `username` and no `user_code`: a form shows again what was typed into a field that is not secret. */
const otherFields = [
  'client_id',
  'client_secret',
  'password',
  'scope',
  'sub',
  'currentPassword',
  'newPassword',
];

/** Forms that say everything twice, forms that are none, and credentials that cannot be read. */
export async function sendMalformedForms({ app }: Run, secret: string, { clientId }: RegisteredClient) {
  const all = [...fields, ...otherFields];
  const form = new URLSearchParams(all.map((name) => [name, secret])).toString();
  const granting = ['authorization_code', 'refresh_token', 'password', 'client_credentials'].map((grant) =>
    new URLSearchParams({
      ...Object.fromEntries(all.map((name) => [name, secret])),
      grant_type: grant,
    }).toString(),
  );
  const json = JSON.stringify(Object.fromEntries(all.map((name) => [name, secret])));
  const asForm = 'application/x-www-form-urlencoded';
  const basic = Buffer.from(`${clientId}:${encodeURIComponent(secret)}`).toString('base64');
  const printable = encodeURIComponent(secret);
  for (const path of endpoints) {
    const post = (type: string, body: string, headers: Record<string, string> = {}) =>
      app.call('POST', path, { headers: { 'content-type': type, ...headers }, body });
    for (const body of [form, `${form}&${form}`, `${form}%`, `${secret}%zz`, ...granting])
      await post(asForm, body);
    for (const body of [json, json.slice(0, -2), JSON.stringify(secret), secret, `[${json}]`])
      await post('application/json', body);
    await post('text/plain', json);
    const credentials = [
      `Basic ${basic}`,
      `Basic ${printable}`,
      `Bearer ${printable}`,
      `Bearer ${printable} x`,
      printable,
    ];
    for (const authorization of credentials) await post(asForm, form, { authorization });
    await app.call('GET', `${path}?${form}`);
    await app.call('PUT', `${path}?${form}`);
  }
  await sendMalformedPaths(app, { path: isIssued(secret) ? secret : 'nothing', printable, form });
}

/** A server can tell what it issued in a path, and not what somebody chose. */
const isIssued = (secret: string) => issuedIn(secret).length > 0;

/** Where a secret is taken for something else: a path, an id, a page of a list. */
async function sendMalformedPaths(
  app: Run['app'],
  { path: segment, printable, form }: Record<'path' | 'printable' | 'form', string>,
) {
  const { token } = await app.as('ada');
  for (const path of ['/me/sessions', '/users', '/api/v1/users', '/nowhere', '/graphql', '/docs'])
    for (const method of ['GET', 'DELETE']) await app.call(method, `${path}/${segment}`, { token });
  for (const path of [
    '/oauth/authorize',
    '/account/verify',
    '/account/invitation',
    '/account/apps',
    '/users',
    '/api/v1/users/',
    '/sdl',
  ])
    await app.call('GET', `${path}?${form}`, { token });
  const json = { first_name: [printable], password: printable, timezone: { printable }, [printable]: 1 };
  for (const path of ['/me', '/users/me', '/api/v1/users/'])
    for (const method of ['PATCH', 'PUT', 'POST']) await app.call(method, path, { token, json });
}
