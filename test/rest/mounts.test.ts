import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { localPath, owning, parseMounts } from '../../src/rest/mounts.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

/** Where each dialect is, as `name: base path, base path`. */
const placesOf = (text: string) =>
  parseMounts(text).map(
    ({ dialect, basePaths }) => `${dialect.name}: ${basePaths.map((path) => path || '/').join(', ')}`,
  );

function messageOf(text: string): string {
  try {
    loadConfig({ REST_MOUNTS: text });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

const atRoot = ['zenml: /', 'sweatstack: /', 'katapult: /, /core/v1', 'bird: /', 'usergraph: /'];

describe('REST_MOUNTS', () => {
  it.each(['', ' ', ',', ' , ', 'zenml=/', 'bird=/,katapult=/'])(
    '%j leaves every dialect at the root',
    (text) => {
      expect(placesOf(text)).toEqual(atRoot);
    },
  );

  it.each([
    ['zenml=/zenml', 'zenml: /zenml, /zenml/api/v1'],
    [' zenml = /zenml/ ', 'zenml: /zenml, /zenml/api/v1'],
    ['zenml=/a/b.c/~d-e_f', 'zenml: /a/b.c/~d-e_f, /a/b.c/~d-e_f/api/v1'],
    ['sweatstack=/s', 'sweatstack: /s'],
    ['katapult=/k', 'katapult: /k, /k/core/v1'],
    ['bird=/users/me/bird', 'bird: /users/me/bird'],
  ])('%s puts that dialect under the prefix, and leaves the others', (text, place) => {
    const [name] = place.split(':');
    expect(placesOf(text)).toEqual(atRoot.map((one) => (one.startsWith(`${name}:`) ? place : one)));
  });

  it('puts a dialect at each place that is named', () => {
    const both = ['zenml: /', 'zenml: /zenml, /zenml/api/v1', ...atRoot.slice(1)];
    expect(placesOf('zenml=/,zenml=/zenml')).toEqual(both);
    expect(placesOf('zenml=/,zenml=/zenml,zenml=/')).toEqual(both);
  });

  it('serves no dialect that is off', () => {
    expect(placesOf('bird=off')).toEqual(atRoot.filter((place) => place !== 'bird: /'));
    expect(placesOf('zenml=off,sweatstack=off,katapult=off,bird=off')).toEqual(['usergraph: /']);
  });

  it.each([
    ['bird=off,bird=/b', 'bird is off and has a place, too'],
    ['bird=/x,katapult=/x', 'katapult and bird would both answer /x'],
    ['bird=/users', 'zenml and bird would both answer /users'],
    ['zenml=/api/v1', 'zenml and sweatstack would both answer /api/v1'],
    ['zenml=/users/current', 'zenml and katapult would both answer /users/current'],
    ['bird=/api/v1/users', 'bird would hide /api/v1/users/ of sweatstack'],
    ['bird=/auth/login', 'bird would hide /auth/login of zenml'],
    ['bird=/users/me', 'bird would hide /users/me of zenml'],
    ['zenml=/x,sweatstack=/x/api', 'sweatstack would hide /x/api/v1/users/me of zenml'],
    ['zenml=/graphql', 'zenml cannot be at /graphql: /graphql is a path of the product itself'],
    ['zenml=/graphql/x', 'zenml cannot be at /graphql/x: /graphql is a path of the product itself'],
    ['bird=/openapi/', 'bird cannot be at /openapi: /openapi is a path of the product itself'],
    ['bird=/reference', 'bird cannot be at /reference'],
    ['bird=/fidelity', 'bird cannot be at /fidelity'],
    ['bird=/assets', 'bird cannot be at /assets'],
    ['bird=/schema.graphql', 'bird cannot be at /schema.graphql'],
    ['bird=/livez', 'bird cannot be at /livez'],
    ['bird=/readyz', 'bird cannot be at /readyz'],
    ['bird=/v1', 'bird cannot be at /v1: /v1 is a path of the product itself'],
    ['bird=/v1/exports', 'bird cannot be at /v1/exports: /v1 is a path of the product itself'],
  ])('%s is refused with both sides of the collision', (text, message) => {
    expect(messageOf(text)).toContain(`  REST_MOUNTS: ${message}`);
    expect(messageOf(text)).toContain(`(got ${JSON.stringify(text)})`);
  });

  it.each(['usergraph=/own', 'usergraph=off', 'usergraph=/', 'zenml=/zenml, usergraph = off', 'usergraph'])(
    '%s is refused: links that were sent out lead to the own surface',
    (text) => {
      expect(messageOf(text)).toContain(
        'REST_MOUNTS: usergraph is the product itself, always at /v1: it can neither be moved nor switched off',
      );
    },
  );

  it.each(['x', 'x=/x', 'zenml', 'ZenML=/x', '__proto__=/x', 'zenml=/a=/b', '=/x', '/x'])(
    '%s is refused with what to write',
    (text) => {
      expect(messageOf(text)).toMatch(
        /must be (a dialect and a place, such as zenml=\/zenml or bird=off; the dialects are zenml, sweatstack, katapult, bird|a path such as \/zenml, \/ for the root, or off)/,
      );
    },
  );

  it.each([
    'zenml',
    '',
    '//',
    '/a//b',
    '/..',
    '/a/../b',
    '/./a',
    '/a b',
    '/a?b',
    '/a#b',
    '/%61',
    '/ä',
    'OFF',
    'http://x',
    '/a;b',
  ])('the place %j is refused with what to write', (place) => {
    expect(messageOf(`zenml=${place}`)).toContain(
      `REST_MOUNTS: "${place}" must be a path such as /zenml, / for the root, or off`,
    );
  });
});

describe('a path belongs to', () => {
  const ownerOf = (text: string, path: string) => {
    const mount = owning(parseMounts(text), path);
    return mount && `${mount.dialect.name} ${localPath(mount, path)}`;
  };

  it.each<[string, string, string | undefined]>([
    ['', '/users/me', 'zenml /users/me'],
    ['', '/users', 'zenml /users'],
    ['', '/users/', 'zenml /users/'],
    ['', '/usersx', undefined],
    ['', '/Users/me', undefined],
    ['', '//users/me', undefined],
    ['', '/users/current', 'katapult /users/current'],
    ['', '/users/currently', 'zenml /users/currently'],
    ['', '/core/v1/users/current', 'katapult /users/current'],
    ['', '/core/v1', 'katapult '],
    ['', '/core/v2', undefined],
    ['', '/me/sessions', 'bird /me/sessions'],
    ['', '/api/v1/users/', 'sweatstack /api/v1/users/'],
    ['', '/api/v1/users/me', 'sweatstack /api/v1/users/me'],
    ['', '/api/v2', undefined],
    ['', '/', undefined],
    ['katapult=off', '/users/current', 'zenml /users/current'],
    ['zenml=off', '/users/current', 'katapult /users/current'],
    ['zenml=off', '/users/me', undefined],
    ['zenml=/zenml', '/zenml/api/v1/users/me', 'zenml /users/me'],
    ['zenml=/zenml', '/zenml/users/me', 'zenml /users/me'],
    ['zenml=/zenml', '/users/me', undefined],
    ['zenml=/zenml', '/zenml', 'zenml '],
    ['zenml=/zenml', '/zenmlx/users', undefined],
    ['zenml=/,zenml=/zenml', '/users/me', 'zenml /users/me'],
    ['zenml=/,zenml=/zenml', '/zenml/users/me', 'zenml /users/me'],
    ['bird=/users/me/bird', '/users/me/bird/me', 'bird /me'],
    ['bird=/users/me/bird', '/users/me', 'zenml /users/me'],
    ['zenml=/me/z', '/me/z/users/me', 'zenml /users/me'],
    ['zenml=/me/z', '/me/z/me', 'zenml /me'],
    ['zenml=/me/z', '/me/sessions', 'bird /me/sessions'],
    ['sweatstack=/zenml/s,zenml=/zenml', '/zenml/s/api/v1/users/', 'sweatstack /api/v1/users/'],
    ['sweatstack=/zenml/s,zenml=/zenml', '/zenml/api/v1/users', 'zenml /users'],
  ])('with %j, %s: %s', (text, path, owner) => {
    expect(ownerOf(text, path)).toBe(owner);
  });
});

/** What each dialect says where it has no route: in its own words, under its own paths. */
const envelopes: Record<string, (body: unknown) => void> = {
  zenml: (body) => expect(body).toEqual({ detail: 'Not Found' }),
  sweatstack: (body) => expect(body).toEqual({ detail: 'Not Found' }),
  katapult: (body) =>
    expect(body).toMatchObject({ code: 'route_not_found', error: { code: 'route_not_found' } }),
  bird: (body) => expect(body).toMatchObject({ code: 'not_found', details: [] }),
  graphql: (body) => expect(body).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] }),
};

describe.each<[string, Record<string, string>, Record<string, string>]>([
  [
    '',
    {
      '/users/me': 'id',
      '/users/current': 'user',
      '/core/v1/users/current': 'user',
      '/me': 'activeSessions',
    },
    {
      '/users/a/b': 'zenml',
      '/auth/x': 'zenml',
      '/api/v1/x': 'sweatstack',
      '/core/v1/x': 'katapult',
      '/users/current/x': 'katapult',
      '/me/x': 'bird',
      '/x': 'graphql',
    },
  ],
  [
    'zenml=/zenml,zenml=/,sweatstack=/s,katapult=off,bird=/users/bird',
    {
      '/users/me': 'id',
      '/zenml/users/me': 'id',
      '/zenml/api/v1/users/me': 'id',
      '/s/api/v1/oauth/principal-token': 'access_token',
      '/users/bird/me': 'activeSessions',
    },
    {
      '/zenml/x': 'zenml',
      '/zenml/api/v1/x': 'zenml',
      '/zenml/api/v1/api/v1/users/me': 'zenml',
      '/s/users/me': 'sweatstack',
      '/users/bird/x': 'bird',
      '/core/v1/users/current': 'graphql',
      '/api/v1/users/': 'graphql',
      '/me': 'graphql',
    },
  ],
])('with REST_MOUNTS=%s', (text, answered, unanswered) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await openTestApp({ env: { REST_MOUNTS: text } });
  });
  afterAll(() => app.close());

  it.each(Object.entries(answered))('%s answers with %s', async (path, key) => {
    const { token } = await app.as('ada');
    const { status, body } = await app.call('GET', path, { token });
    expect(status).toBe(200);
    expect(body).toHaveProperty(key);
  });

  it.each(Object.entries(unanswered))('%s is not there, in the words of %s', async (path, dialect) => {
    const { token } = await app.as('ada');
    for (const credential of [token, null]) {
      const { status, body } = await app.call('GET', path, { token: credential });
      expect(status).toBe(404);
      envelopes[dialect]?.(body);
    }
  });

  it('gives /users/current to ZenML where Katapult is off, and its own methods there', async () => {
    const { token } = await app.as('ada');
    const { status, headers } = await app.call('GET', '/users/current', { token });
    const isOff = text.includes('katapult=off');
    expect([status, headers.get('allow')]).toEqual(isOff ? [405, 'PATCH, DELETE, OPTIONS'] : [200, null]);
  });

  it('redirects within the mount, and keeps the query', async () => {
    const prefix = text === '' ? '' : '/zenml/api/v1';
    const path = `${prefix}/users/?limit=1&email=a%26b`;
    const response = await app.fetch(path);
    const location = new URL(response.headers.get('location') ?? '', `http://usergraph.test${path}`);
    expect([response.status, location.href]).toEqual([
      307,
      `http://usergraph.test${prefix}/users?limit=1&email=a%26b`,
    ]);
  });
});
