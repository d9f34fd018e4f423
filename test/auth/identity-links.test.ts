/** Linking an identity at a provider to the account that one is signed in to, and unlinking it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signIn as openSession } from '../setup/app.ts';
import { type OidcWorld, openOidcWorld, origin, type Somebody } from '../setup/oidc-world.ts';

let world: OidcWorld;
let app: OidcWorld['app'];
beforeAll(async () => {
  world = await openOidcWorld();
  app = world.app;
});
afterAll(() => world.close());
beforeEach(() => {
  app.sent.length = 0;
});

const sameOrigin = { 'sec-fetch-site': 'same-origin' };
const start = '/sign-in/corp?link=1';
const until = ({ pathname }: URL) => pathname === '/account';

/** A browser that is signed in to this account of the demo by password. */
async function signedIn(login: string) {
  const browser = world.openBrowser();
  const token = await openSession(app.anonymous, login);
  world.adopt(browser, token);
  return { browser, token };
}

/** Links an identity as a person does, by the button of the page. */
async function link(browser: Awaited<ReturnType<typeof signedIn>>['browser'], person: Somebody) {
  world.idp.signInAs(person.subject, person.claims);
  return browser.visit(start, { method: 'POST', headers: sameOrigin, until });
}

describe('somebody who is signed in', () => {
  it('is asked before an identity is linked, and then signs in with it', async () => {
    const { browser, token } = await signedIn('ada');
    const person = world.somebody();
    const page = await browser.visit(start);
    expect(page.status).toBe(200);
    expect(page.text).toContain('<h1>Link Corp to your account</h1>');
    expect(page.text).toContain('action="../sign-in/corp?link=1"');
    expect(page.headers.get('content-security-policy')).toContain(
      `form-action 'self' https: ${world.idp.issuer}`,
    );
    const before = await world.rows();
    const { version } = (await world.whoIs(browser)) ?? {};
    expect((await link(browser, person)).url.href).toBe(`${origin}/account`);
    expect(browser.cookie('usergraph_session')?.value).toBe(token);
    expect(await world.rows()).toEqual({ ...before, identities: before.identities + 1 });
    const [sent] = app.sent;
    expect(sent).toMatchObject({ to: 'ada@example.com', subject: 'Corp was linked to your account' });
    const other = await world.signIn(person);
    expect(await world.whoIs(other.browser)).toMatchObject({
      username: 'ada',
      email: 'ada@example.com',
      version: (version ?? 0) + 1,
      identities: [{ provider: 'corp', subject: person.subject, isPrimary: false }],
    });
  });

  it('links an identity whose address is unverified, or the one of another account', async () => {
    const { browser } = await signedIn('grace');
    const person = world.somebody({ email: 'ada@example.com', email_verified: false });
    await link(browser, person);
    const other = await world.signIn(person);
    expect(await world.whoIs(other.browser)).toMatchObject({ username: 'grace', email: 'grace@example.com' });
  });

  it('changes nothing by linking it again', async () => {
    const { browser } = await signedIn('grace');
    const person = world.somebody();
    await link(browser, person);
    const before = await world.rows();
    app.sent.length = 0;
    expect((await link(browser, person)).url.href).toBe(`${origin}/account`);
    expect(await world.rows()).toEqual(before);
    expect(app.sent).toEqual([]);
  });

  it('cannot link the identity of another account', async () => {
    const person = world.somebody();
    await world.signIn(person);
    const { browser } = await signedIn('grace');
    const before = await world.rows();
    const page = await link(browser, person);
    expect(page.status).toBe(409);
    expect(page.text).toContain('Another account is linked to this identity.');
    expect(await world.rows()).toEqual(before);
  });

  it('links nothing because another site wants it', async () => {
    const { browser } = await signedIn('ada');
    world.idp.signInAs('attacker', {});
    const before = await world.rows();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const page = await browser.visit(start, { method: 'POST', headers, until });
      expect(page.status).toBe(403);
      expect(page.trail).toEqual([origin + start]);
    }
    const asked = await browser.visit(start, { headers: { 'sec-fetch-site': 'cross-site' }, until });
    expect(asked.trail).toEqual([origin + start]);
    expect(browser.cookie('usergraph_sign_in')).toBeUndefined();
    expect(await world.rows()).toEqual(before);
  });

  it('links nothing to an account that was signed in to meanwhile', async () => {
    const { browser } = await signedIn('ada');
    const person = world.somebody();
    world.idp.signInAs(person.subject, person.claims);
    const away = await browser.visit(start, {
      method: 'POST',
      headers: sameOrigin,
      until: ({ pathname }) => pathname.endsWith('/callback'),
    });
    world.adopt(browser, await openSession(app.anonymous, 'grace'));
    const before = await world.rows();
    const page = await browser.visit(away.url.href, { until });
    expect(page.status).toBe(403);
    expect(page.text).toContain('Another account has signed in meanwhile');
    expect(await world.rows()).toEqual(before);
  });

  it.each([
    ['to ask', {}],
    ['to go', { method: 'POST', headers: sameOrigin }],
  ])('is who it must be first: %s', async (_name, init) => {
    const browser = world.openBrowser();
    const page = await browser.visit(start, { ...init, until: ({ pathname }) => pathname === '/sign-in' });
    expect(page.url.href).toBe(`${origin}/sign-in?return_to=%2Fsign-in%2Fcorp%3Flink%3D1`);
    expect(browser.cookies()).toEqual([]);
  });
});

const unlinkDocument = `mutation ($id: ID!) { unlinkIdentity(id: $id) { __typename
  ... on UnlinkIdentitySuccess { user { username version identities { id } } } ... on Error { code message path } } }`;

async function unlink(client: Awaited<ReturnType<typeof app.as>>, id: string) {
  const { data, errors } = await client.send(unlinkDocument, { id });
  return errors[0]?.extensions.code ?? (data as { unlinkIdentity: object }).unlinkIdentity;
}

/** An account of the demo with an identity more, and the id of that. */
async function linked(login: string) {
  const { browser, token } = await signedIn(login);
  const person = world.somebody();
  await link(browser, person);
  const me = await world.whoIs(browser);
  const id = me?.identities.find(({ subject }) => subject === person.subject)?.id ?? '';
  app.sent.length = 0;
  return { client: app.withToken(token), person, id, version: me?.version ?? 0 };
}

describe('unlinkIdentity', () => {
  it('ends that the identity signs in, and all sessions but the one that does it', async () => {
    const { client, person, id, version } = await linked('grace');
    const before = (await client.run('{ me { identities { id } } }')) as { me: { identities: object[] } };
    const other = await world.signIn(person);
    const rest = before.me.identities.filter((identity) => !('id' in identity && identity.id === id));
    expect(await unlink(client, id)).toEqual({
      __typename: 'UnlinkIdentitySuccess',
      user: { username: 'grace', version: version + 1, identities: rest },
    });
    const token = other.browser.cookie('usergraph_session')?.value ?? '';
    expect((await app.withToken(token).send('{ me { id } }')).status).toBe(401);
    expect((await client.send('{ me { id } }')).status).toBe(200);
    expect(app.sent.map(({ to, subject }) => [to, subject])).toEqual([
      ['grace@example.com', 'Corp was unlinked from your account'],
    ]);
    const again = await world.signIn(person, { path: '/sign-in/partner' });
    expect(again.page.status).toBe(403);
    expect(await unlink(client, id)).toMatchObject({ code: 'NOT_FOUND', path: ['id'] });
  });

  it('finds only what is there for who asks', async () => {
    const { id } = await linked('grace');
    expect(await unlink(await app.as('ada'), id)).toBe('FORBIDDEN'); // grace shares her profile with ada
    await app.database.prisma.share.deleteMany({});
    expect(await unlink(await app.as('ada'), id)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await unlink(app.anonymous, id)).toBe('UNAUTHENTICATED');
    expect(await unlink(await app.as('ada'), await app.idOf('Ada Lovelace'))).toBe('INVALID_ID');
    expect(app.sent).toEqual([]);
  });

  it('is for the person itself, not for its tokens', async () => {
    const { client, id } = await linked('grace');
    const { createApiToken } = (await client.run(
      'mutation { createApiToken(input: { name: "All", scopes: [PROFILE, USERS_WRITE] }) { ... on CreateApiTokenSuccess { secret } } }',
    )) as { createApiToken: { secret: string } };
    expect(await unlink(app.withToken(createApiToken.secret), id)).toBe('FORBIDDEN');
  });

  it('is for superusers too', async () => {
    const { client, id } = await linked('grace');
    expect(await unlink(await app.as('admin'), id)).toMatchObject({ __typename: 'UnlinkIdentitySuccess' });
    expect((await client.send('{ me { id } }')).status).toBe(401);
  });

  it('keeps the identity that made the account, and the last way to sign in', async () => {
    const { browser } = await world.signIn(world.somebody());
    const made = await world.whoIs(browser);
    const client = app.withToken(browser.cookie('usergraph_session')?.value ?? '');
    const before = await world.rows();
    expect(await unlink(client, made?.identities[0]?.id ?? '')).toMatchObject({
      code: 'PROTECTED_ACCOUNT',
      message: 'The account was made by this identity, and stays linked to it.',
    });
    const only = await linked('ada');
    await app.database.prisma.password.delete({ where: { userId: (await accountOf('ada')).id } });
    const { prisma } = app.database;
    await prisma.oAuthIdentity.deleteMany({
      where: { user: { username: 'ada' }, subject: { not: only.person.subject } },
    });
    expect(await unlink(only.client, only.id)).toMatchObject({ code: 'PROTECTED_ACCOUNT' });
    expect((await world.rows()).users).toBe(before.users);
  });
});

const accountOf = (username: string) =>
  app.database.prisma.user.findUniqueOrThrow({ where: { username }, select: { id: true } });
