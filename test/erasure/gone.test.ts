/** From the moment of its deletion an account is gone for everybody, and so is every credential of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { asAccessToken, asExternalToken, type Issuer, startIssuer } from '../policy/presentations.ts';
import { ahead, collectRows, hour } from '../policy/rows.ts';
import { signerFor } from '../setup/access-tokens.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { countsOf, deleteMe, deleteUser, eventsAbout, oneDay, readErasure } from './ask-erasure.ts';

let app: TestApp;
let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
  app = await openTestApp({ seed: false, env: { ...oneDay, TRUSTED_ISSUERS: issuer.setting } });
});
afterAll(async () => {
  await app.close();
  issuer.close();
});

const prisma = () => app.database.prisma;
const works = async (token: string) =>
  (await app.withToken(token).send('{ viewer { user { id } } }')).status === 200;

/** A person with a managed user, a friend on both sides of shares, an organization mate, and a superuser. */
async function createPeople() {
  const rows = collectRows();
  const name = crypto.randomUUID().slice(0, 8);
  const [ada, grace, root] = [
    rows.user({ username: `ada-${name}`, name: `Ada ${name}` }),
    rows.user({ name: 'Grace' }),
    rows.user({ isSuperuser: true }),
  ];
  const kid = rows.user({ kind: 'MANAGED', managerId: ada, firstName: `Kid ${name}` });
  rows.email(ada, `${name}@example.com`);
  rows.share(ada, grace, ['profile', 'data:read']);
  rows.share(grace, ada, ['profile']);
  const organization = rows.organization(`Org-${name}`, [
    [grace, 'OWNER'],
    [ada, 'ADMIN'],
  ]);
  const secrets = {
    ada: rows.session(ada).secret,
    other: rows.session(ada).secret,
    token: rows.apiToken({ userId: ada }).secret,
    grace: rows.session(grace).secret,
    root: rows.session(root).secret,
  };
  await rows.write(app.database);
  return { ids: { ada, grace, root, kid, organization }, secrets, name };
}

describe('with a deletion', () => {
  it('every kind of credential stops, whatever it was handed to', async () => {
    const { ids, secrets } = await createPeople();
    const signer = signerFor(app);
    const exchange = asAccessToken(prisma(), signer);
    const delegated = async (client: Client, userId: string) => {
      const answer = await client.run<{ delegatedToken: { accessToken: { token: string } } }, object>(
        'mutation ($input: DelegatedTokenInput!) { delegatedToken(input: $input) { ... on DelegatedTokenSuccess { accessToken { token } } } }',
        { input: { userId: encodeId('User', userId) } },
      );
      return answer.delegatedToken.accessToken.token;
    };
    const client = { id: crypto.randomUUID(), name: 'An app', redirectUris: [], scopes: ['profile'] };
    await prisma().oAuthClient.create({ data: client });
    const granted = await prisma().session.create({
      data: {
        id: crypto.randomUUID(),
        userId: ids.ada,
        clientId: client.id,
        scopes: ['profile'],
        expiresAt: ahead(hour),
      },
    });
    const tokens = {
      session: secrets.ada,
      'another session': secrets.other,
      'API token': secrets.token,
      'access token of a session': (await exchange(secrets.ada, 'self')) ?? '',
      'access token of an API token': (await exchange(secrets.token, 'self')) ?? '',
      'access token of an app': (
        await signer.issue({
          userId: ids.ada,
          sessionId: granted.id,
          clientId: client.id,
          scopes: ['profile'],
          expiresAt: ahead(hour),
        })
      ).token,
      'token of another issuer': (await asExternalToken(prisma(), issuer)(secrets.ada, 'self')) ?? '',
      'delegated to a friend': await delegated(app.withToken(secrets.grace), ids.ada),
      'delegated to the manager': await delegated(app.withToken(secrets.ada), ids.kid),
      'delegated by a friend': await delegated(app.withToken(secrets.ada), ids.grace),
    };
    for (const [what, token] of Object.entries(tokens)) expect(await works(token), what).toBe(true);
    await deleteUser(app.withToken(secrets.root), ids.ada);
    for (const [what, token] of Object.entries(tokens)) expect(await works(token), what).toBe(false);
    expect(await works(secrets.grace)).toBe(true);
    const open = {
      where: { revokedAt: null, OR: [{ userId: { in: [ids.ada, ids.kid] } }, { actorId: ids.ada }] },
    };
    expect(await prisma().session.count(open)).toBe(0);
    expect(await prisma().apiToken.count({ where: { userId: ids.ada, revokedAt: null } })).toBe(0);
  });

  it('what would open another session is gone, too, and counted', async () => {
    const { ids, secrets } = await createPeople();
    const bytes = () => crypto.getRandomValues(new Uint8Array(32));
    const common = () => ({ id: crypto.randomUUID(), userId: ids.ada, expiresAt: ahead(hour) });
    await prisma().challenge.create({ data: { ...common(), kind: 'PASSWORD_RESET', codeHash: bytes() } });
    await prisma().dataExport.create({ data: { ...common(), tokenHash: bytes() } });
    await prisma().deviceAuthorization.create({
      data: { ...common(), deviceCodeHash: bytes(), userCodeHash: bytes() },
    });
    const { erasure } = await deleteMe(app.withToken(secrets.ada));
    for (const table of ['challenge', 'dataExport', 'deviceAuthorization'] as const)
      expect(
        await (prisma()[table] as never as { count(args: object): Promise<number> }).count({
          where: { userId: ids.ada },
        }),
      ).toBe(0);
    expect(countsOf(erasure)).toEqual({ codes: 2, exports: 1 });
  });

  it('nobody finds it: neither who manages it, nor who shares with it, nor its organization, nor a superuser', async () => {
    const { ids, secrets, name } = await createPeople();
    await deleteMe(app.withToken(secrets.ada));
    const [ada, kid] = [encodeId('User', ids.ada), encodeId('User', ids.kid)];
    const document = `query ($id: ID!, $name: String!, $organization: ID!) {
      node(id: $id) { id } user(by: { id: $id }) { id } byName: user(by: { username: $name }) { id }
      users(filter: { ids: [$id] }) { totalCount nodes { id } } inactive: users(filter: { isActive: false }) { nodes { id } }
      organization(id: $organization) { members { nodes { id } } }
      me { sharesGiven { nodes { grantee { id } } } sharesReceived { nodes { grantor { id } } } } }`;
    for (const who of ['grace', 'root'] as const) {
      for (const id of [ada, kid]) {
        const variables = {
          id,
          name: `ada-${name}`,
          organization: encodeId('Organization', ids.organization),
        };
        const { status, text } = await app.withToken(secrets[who]).send(document, variables);
        expect(status, text).toBe(200);
        for (const hidden of [ada, kid, `Ada ${name}`]) expect(text, who).not.toContain(hidden);
      }
    }
    const calls = [
      'updateUser(id: $id, input: { bio: "x" })',
      'deleteUser(id: $id)',
      'delegatedToken(input: { userId: $id })',
      'exportUser(id: $id)',
    ];
    for (const call of calls) {
      const { text } = await app
        .withToken(secrets.root)
        .send(`mutation ($id: ID!) { ${call} { __typename } }`, { id: ada });
      expect(text, call).toMatch(/NotFoundError|NOT_FOUND/);
    }
  });

  it('superusers alone find it in the list, where they ask for its status', async () => {
    const { ids, secrets } = await createPeople();
    await deleteMe(app.withToken(secrets.ada));
    const list = '{ users(filter: { statuses: [DELETING] }) { nodes { id status } } }';
    const asked = async (token: string) =>
      (await app.withToken(token).run<{ users: { nodes: object[] } }, object>(list)).users.nodes;
    expect(await asked(secrets.root)).toContainEqual({ id: encodeId('User', ids.ada), status: 'DELETING' });
    expect(await asked(secrets.grace)).toEqual([]);
  });

  it('its login names stay taken as long as it can come back, and nobody signs in by them', async () => {
    const { ids, secrets, name } = await createPeople();
    await deleteMe(app.withToken(secrets.ada));
    const { text } = await app
      .withToken(secrets.root)
      .send(`mutation { createUser(input: { username: "ada-${name}" }) { __typename } }`);
    expect(text).toContain('LoginNameTakenError');
    expect(await prisma().loginName.count({ where: { userId: ids.ada } })).toBe(2);
  });

  it('the events say for each account that it goes, once, and nothing personal', async () => {
    const { ids, secrets, name } = await createPeople();
    await deleteMe(app.withToken(secrets.ada));
    for (const id of [ids.ada, ids.kid]) expect(await eventsAbout(app, id)).toEqual(['user.deleting']);
    const events = await prisma().outboxEvent.findMany({ where: { subjectId: { in: [ids.ada, ids.kid] } } });
    for (const { payload } of events) expect(JSON.stringify(payload)).not.toContain(name);
  });

  it('a refused one changes nothing, and begins no erasure', async () => {
    const { ids, secrets } = await createPeople();
    const before = await prisma().erasure.count();
    const { text } = await app
      .withToken(secrets.grace)
      .send('mutation ($id: ID!) { deleteUser(id: $id) { __typename } }', { id: encodeId('User', ids.ada) });
    expect(text).toContain('FORBIDDEN');
    expect(await works(secrets.ada)).toBe(true);
    expect(await prisma().erasure.count()).toBe(before);
  });

  it('an owner who goes leaves an owner who stays: the last one cannot follow', async () => {
    const { ids, secrets } = await createPeople();
    await prisma().membership.updateMany({ where: { userId: ids.ada }, data: { role: 'OWNER' } });
    await deleteMe(app.withToken(secrets.ada));
    const { text } = await app.withToken(secrets.grace).send('mutation { deleteMe { __typename } }');
    expect(text).toContain('LastOwnerError');
  });

  it('deletions of a manager and of its managed user at once both end, and leave nothing', async () => {
    const { ids, secrets } = await createPeople();
    const results = await Promise.allSettled([
      deleteMe(app.withToken(secrets.ada)),
      deleteUser(app.withToken(secrets.root), ids.kid),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    app.clock.offset = 25 * hour;
    await app.work();
    app.clock.offset = 0;
    expect(await prisma().user.count({ where: { id: { in: [ids.ada, ids.kid] } } })).toBe(0);
    for (const id of [ids.ada, ids.kid])
      expect((await eventsAbout(app, id)).filter((type) => type === 'user.deleted')).toHaveLength(1);
  });
});

describe('an erasure', () => {
  it('is there for whoever knows its id, in the graph and over REST; and null, and 404, for any other id', async () => {
    const { secrets } = await createPeople();
    const { erasure } = await deleteMe(app.withToken(secrets.ada));
    expect(await readErasure(app, erasure.id)).toEqual(erasure);
    const { body, status } = await app.call('GET', `/v1/erasures/${erasure.uuid}`);
    expect([status, body.status, body.requestedAt]).toEqual([200, 'PENDING', erasure.requestedAt]);
    const unknown = crypto.randomUUID();
    expect(await readErasure(app, encodeId('Erasure', unknown))).toBeNull();
    for (const id of [unknown, 'nonsense', erasure.id])
      expect((await app.call('GET', `/v1/erasures/${id}`)).status).toBe(404);
  });

  it.each([
    ['', 'a path, where nothing says how this server is reached'],
    ['https://users.example/base', 'absolute, where the operator says so'],
  ])('is where the 202 of a REST delete leads (PUBLIC_URL "%s"): %s', async (publicUrl) => {
    const own = await openTestApp({ seed: false, env: publicUrl === '' ? {} : { PUBLIC_URL: publicUrl } });
    const rows = collectRows();
    const { secret } = rows.session(rows.user());
    await rows.write(own.database);
    const { status, headers } = await own.call('DELETE', '/me', { token: secret });
    const { id } = await own.database.prisma.erasure.findFirstOrThrow();
    expect([status, headers.get('location')]).toEqual([202, `${publicUrl}/v1/erasures/${id}`]);
    expect((await own.call('GET', `/v1/erasures/${id}`)).body).toMatchObject({ id, status: 'PENDING' });
    await own.work();
    expect((await own.call('GET', `/v1/erasures/${id}`)).body).toMatchObject({
      status: 'COMPLETED',
      pendingOwners: [],
    });
    await own.close();
  });

  it('is a node, also for the anonymous', async () => {
    const { secrets } = await createPeople();
    const { erasure } = await deleteMe(app.withToken(secrets.ada));
    const found = await app.anonymous.run('query ($id: ID!) { node(id: $id) { __typename id } }', {
      id: erasure.id,
    });
    expect(found).toEqual({ node: { __typename: 'Erasure', id: erasure.id } });
  });
});
