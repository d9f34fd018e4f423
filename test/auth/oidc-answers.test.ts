/** What comes back from a provider is held against what left: by state, nonce, PKCE, and the provider's signature. */
import { base64url, type JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCookieBrowser } from '../setup/cookie-browser.ts';
import { type Answer, type FakeIssuer, makeKey, startFakeIssuer } from '../setup/fake-issuer.ts';
import { clientSecret, type OidcProviderServer, startOidcProvider } from '../setup/oidc-provider.ts';
import { callbackOf, type OidcWorld, openOidcWorld, origin } from '../setup/oidc-world.ts';

let world: OidcWorld;
let fake: FakeIssuer;
let talkative: OidcProviderServer;
beforeAll(async () => {
  fake = await startFakeIssuer();
  const clients = [
    { clientId: 'talkative', redirectUri: callbackOf('talkative'), authentication: 'client_secret_post' },
  ] as const;
  talkative = await startOidcProvider({ clients, claimsInIdToken: true });
  world = await openOidcWorld((issuer) => [
    { name: 'corp', label: 'Corp', issuer, clientId: 'corp', clientSecret },
    { name: 'partner', issuer, clientId: 'partner', clientSecret },
    { name: 'fake', label: 'Fake', issuer: fake.issuer, clientId: 'usergraph', clientSecret },
    { name: 'talkative', issuer: talkative.issuer, clientId: 'talkative', clientSecret },
  ]);
});
afterAll(async () => {
  await world.close();
  await fake.close();
  await talkative.close();
});
beforeEach(() => {
  world.app.clock.offset = 0;
});

const until = ({ pathname }: URL) => pathname === '/account';
const begin = 'This sign-in was begun in another browser, took too long, or is over already.';

/** Expects a page that says so, and that nobody was signed in. */
async function expectNobody(browser: ReturnType<OidcWorld['openBrowser']>, url: string, says = begin) {
  const before = await world.rows();
  const page = await browser.visit(url, { until });
  expect(page.status).toBe(says === begin ? 400 : 503);
  expect(page.text).toContain(says);
  expect(browser.cookie('usergraph_session')).toBeUndefined();
  expect(await world.rows()).toEqual(before);
  return page;
}

describe('the way back of a sign-in', () => {
  const asked = 'Corp cannot be asked who you are just now.';

  it('is good in the browser that began, once, for a quarter of an hour', async () => {
    const [own, other] = [world.openBrowser(), world.openBrowser()];
    const url = await world.leave(own, world.somebody());
    await expectNobody(other, url);
    world.app.clock.offset = 901_000;
    const state = own.cookie('usergraph_sign_in');
    await expectNobody(own, url);
    expect(own.cookie('usergraph_sign_in')).toBeUndefined();
    world.app.clock.offset = 0;
    if (state) own.put(state);
    expect((await own.visit(url, { until })).url.pathname).toBe('/account');
    expect(own.cookie('usergraph_sign_in')).toBeUndefined();
    if (state) other.put(state);
    await expectNobody(other, url, asked); // the provider takes a code once
  });

  it('leads nobody into the account of who made them come back', async () => {
    const [attacker, victim] = [world.openBrowser(), world.openBrowser()];
    const theirs = new URL(await world.leave(attacker, world.somebody()));
    const own = new URL(await world.leave(victim, world.somebody()));
    const state = victim.cookie('usergraph_sign_in');
    await expectNobody(victim, theirs.href, asked);
    if (state) victim.put(state);
    own.searchParams.set('code', theirs.searchParams.get('code') ?? '');
    await expectNobody(victim, own.href, asked);
  });

  it('is no good at the path of another provider', async () => {
    const browser = world.openBrowser();
    const url = await world.leave(browser, world.somebody());
    const state = browser.cookie('usergraph_sign_in');
    expect(state?.path).toBe('/sign-in/corp');
    expect(state?.text).toMatch(/; Max-Age=900; Path=\/sign-in\/corp; HttpOnly; Secure; SameSite=Lax$/);
    if (state) browser.put({ ...state, path: '/sign-in/partner' });
    await expectNobody(browser, url.replace('/corp/', '/partner/'));
  });

  it('is no good with a cookie that this server did not make', async () => {
    const browser = world.openBrowser();
    const url = await world.leave(browser, world.somebody());
    const state = browser.cookie('usergraph_sign_in');
    const plain = {
      state: new URL(url).searchParams.get('state'),
      nonce: 'n',
      codeVerifier: 'v',
      returnTo: null,
    };
    const forged = base64url.encode(JSON.stringify(plain));
    const flipped = state?.value.replace(/.(?=.{9}$)/, (one) => (one === 'A' ? 'B' : 'A'));
    const [header, ...rest] = state?.value.split('.') ?? [];
    for (const value of ['x', forged, `${header}.${forged}`, flipped, `x${header}.${rest.join('.')}`]) {
      if (state) browser.put({ ...state, value: value ?? '' });
      await expectNobody(browser, url);
    }
  });

  it('says so when the person said no at the provider', async () => {
    const browser = world.openBrowser();
    world.idp.signInAs(null);
    const page = await browser.visit('/sign-in/corp', { until });
    expect(page.status).toBe(403);
    expect(page.text).toContain('You did not let Corp tell who you are, so nothing was done.');
    expect(browser.cookies().filter(({ host }) => host === new URL(origin).host)).toEqual([]);
  });

  it('does not take the word of whoever made up an error', async () => {
    const browser = world.openBrowser();
    await world.leave(browser, world.somebody());
    const page = await expectNobody(
      browser,
      `${callbackOf('corp')}?error=access_denied&error_description=%3Cscript%3E`,
      asked,
    );
    expect(page.text).not.toContain('script>');
  });

  it('leaves no secret in the log', async () => {
    const browser = world.openBrowser();
    const url = new URL(await world.leave(browser, world.somebody()));
    const state = browser.cookie('usergraph_sign_in')?.value ?? '';
    await browser.visit(url.href, { until });
    const again = world.openBrowser();
    await again.visit(url.href, { until });
    const log = world.app.logged.join('');
    const { code = '', state: sent = '' } = Object.fromEntries(url.searchParams);
    for (const secret of [code, sent, state, clientSecret, browser.cookie('token')?.value ?? ''])
      expect([secret.length > 10, log.includes(secret)]).toEqual([true, false]);
    expect(log).toContain('/sign-in/corp/callback');
  });

  it('works where the ID token tells all, and the client proves itself in the form', async () => {
    const person = world.somebody();
    talkative.signInAs(person.subject, person.claims);
    const browser = world.openBrowser();
    await browser.visit('/sign-in/talkative', { until });
    expect(await world.whoIs(browser)).toMatchObject({ username: person.email });
    expect(talkative.asked).toContain('/token');
    expect(talkative.asked).not.toContain('/me');
  });
});

const notFound = [
  '/sign-in/nobody',
  '/sign-in/nobody/callback',
  '/sign-in/corp/',
  '/sign-in/corp/callback/x',
];

it.each(notFound)('there is nothing at %s', async (path) => {
  expect((await world.app.fetch(path)).status).toBe(404);
});

it.each([
  ['PUT', '/sign-in/corp', 'GET, POST, OPTIONS'],
  ['HEAD', '/sign-in/corp/callback', 'GET, OPTIONS'],
  ['POST', '/sign-in/corp/callback', 'GET, OPTIONS'],
])('%s %s is refused', async (method, path, allow) => {
  const headers = { 'sec-fetch-site': 'same-origin' };
  const response = await world.app.fetch(path, { method, headers });
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
});

/** Goes to the fake provider and comes back, which tells what `craft` makes of good claims. */
async function comeBack(
  craft: (claims: JWTPayload) => Promise<string | null> | string | null,
  userInfo: object = {},
) {
  const browser = createCookieBrowser(origin, (url, init) =>
    world.app.fetch(url.pathname + url.search, init),
  );
  const { url } = await browser.visit('/sign-in/fake', { until: (next) => next.origin === fake.issuer });
  const { nonce, state, ...sent } = Object.fromEntries(url.searchParams);
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: fake.issuer,
    aud: 'usergraph',
    sub: 'fake-1',
    nonce: nonce ?? '',
    iat: now,
    exp: now + 60,
  };
  const token = async (): Promise<Answer> => {
    const idToken = await craft(claims);
    return { body: { access_token: 'a', token_type: 'Bearer', ...(idToken && { id_token: idToken }) } };
  };
  fake.answers.set('/token', token);
  fake.answers.set('/userinfo', () => ({ body: { sub: 'fake-1', ...userInfo } }));
  const back = `${callbackOf('fake')}?${new URLSearchParams({ code: 'c', state: state ?? '' })}`;
  return { browser, back, sent };
}

const proven = { email: 'fake@corp.example', email_verified: true };

describe('an ID token', () => {
  const asked = 'Fake cannot be asked who you are just now.';

  it('is taken when it is good', async () => {
    const { browser, back, sent } = await comeBack((claims) => fake.sign({ ...claims, ...proven }));
    expect(sent).toEqual({
      client_id: 'usergraph',
      redirect_uri: callbackOf('fake'),
      response_type: 'code',
      scope: 'openid profile email',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect((await browser.visit(back, { until })).url.pathname).toBe('/account');
    expect(await world.whoIs(browser)).toMatchObject({ username: 'fake@corp.example' });
  });

  const encode = (value: object) => base64url.encode(JSON.stringify(value));
  const bad: [string, (claims: JWTPayload) => Promise<string | null> | string | null][] = [
    ['is missing', () => null],
    ['is no JWT', () => 'x.y.z'],
    ['is of another issuer', (claims) => fake.sign({ ...claims, iss: 'https://evil.example' })],
    ['is for another client', (claims) => fake.sign({ ...claims, aud: 'another' })],
    [
      'is for others too, and not issued to this one',
      (claims) => fake.sign({ ...claims, aud: ['usergraph', 'another'], azp: 'another' }),
    ],
    ['answers another request', (claims) => fake.sign({ ...claims, nonce: 'another' })],
    ['answers no request', ({ nonce: _, ...claims }) => fake.sign(claims)],
    ['is over', (claims) => fake.sign({ ...claims, exp: (claims.iat ?? 0) - 60 })],
    ['never ends', ({ exp: _, ...claims }) => fake.sign(claims)],
    ['is of the future', (claims) => fake.sign({ ...claims, nbf: (claims.iat ?? 0) + 60 })],
    ['names nobody', ({ sub: _, ...claims }) => fake.sign(claims)],
    ['is signed by another', async (claims) => fake.sign(claims, { by: await makeKey('key-1') })],
    ['is signed with an unknown key', async (claims) => fake.sign(claims, { by: await makeKey('key-9') })],
    ['is not signed', (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.`],
    [
      'was changed',
      async (claims) => {
        const [header, , signature] = (await fake.sign(claims)).split('.');
        return `${header}.${encode({ ...claims, sub: 'another' })}.${signature}`;
      },
    ],
  ];
  it.each(bad)('is refused when it %s', async (_name, craft) => {
    const { browser, back } = await comeBack((claims) => craft({ ...claims, ...proven }), proven);
    await expectNobody(browser, back, asked);
  });

  it('is refused when it is signed with what everybody knows', async () => {
    const { createHmac } = await import('node:crypto');
    for (const secret of [clientSecret, JSON.stringify(fake.key.publicJwk)]) {
      const { browser, back } = await comeBack((claims) => {
        const input = `${encode({ alg: 'HS256', kid: 'key-1' })}.${encode({ ...claims, ...proven })}`;
        return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      });
      await expectNobody(browser, back, asked);
    }
  });

  it('is not even asked for when the state is another', async () => {
    const { browser, back } = await comeBack((claims) => fake.sign({ ...claims, ...proven }));
    const before = fake.asked.length;
    const url = new URL(back);
    url.searchParams.set('state', 'another');
    await expectNobody(browser, url.href, asked);
    expect(fake.asked).toHaveLength(before);
  });

  it('cannot have its address vouched for elsewhere', async () => {
    const { browser, back } = await comeBack(
      (claims) => fake.sign({ ...claims, sub: 'fake-2', email: 'ada@example.com' }),
      { sub: 'fake-2', ...proven },
    );
    const page = await browser.visit(back, { until });
    expect(page.status).toBe(403);
    expect(page.text).toContain('Fake does not say that it verified your e-mail address');
  });

  it('is refused with what UserInfo says of somebody else', async () => {
    const { browser, back } = await comeBack((claims) => fake.sign(claims), { sub: 'another', ...proven });
    await expectNobody(browser, back, asked);
  });
});

const providerFailures: [string, Answer][] = [
  ['fails', { status: 500, body: { error: 'server_error' } }],
  ['refuses the client', { status: 401, body: { error: 'invalid_client' } }],
  ['sends the client elsewhere', { status: 302, headers: { location: 'https://evil.example/token' } }],
  ['answers with no object', { body: [] }],
];

it.each(providerFailures)('a provider that %s signs nobody in', async (_name, answer) => {
  const { browser, back } = await comeBack(() => null);
  fake.answers.set('/token', () => answer);
  await expectNobody(browser, back, 'Fake cannot be asked who you are just now.');
});
