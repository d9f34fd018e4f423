/** What must not outlive the one who gave it, or whom it was about. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { signerFor } from '../setup/access-tokens.ts';
import { openTestApp, signIn, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

describe('what a client was handed', () => {
  async function connect(scopes: string[]) {
    const { prisma } = app.database;
    const token = await signIn(app.anonymous, 'ada');
    const ada = await prisma.user.findFirstOrThrow({ where: { username: 'ada' }, select: { id: true } });
    const client = await prisma.oAuthClient.create({
      data: { id: crypto.randomUUID(), name: 'An app', redirectUris: [], scopes },
    });
    const expiresAt = new Date(Date.now() + 86_400_000);
    const session = await prisma.session.create({
      data: { id: crypto.randomUUID(), userId: ada.id, clientId: client.id, scopes, expiresAt },
    });
    await prisma.consent.create({ data: { userId: ada.id, clientId: client.id, scopes } });
    const issued = await signerFor(app).issue({
      userId: ada.id,
      sessionId: session.id,
      clientId: client.id,
      scopes: scopes as never,
      expiresAt,
    });
    return { ada: app.withToken(token), app: app.withToken(issued.token), client };
  }

  it('makes no token that outlives it', async () => {
    const connected = await connect(['profile', 'tokens:write']);
    const make = (expiresAt: string) =>
      connected.app.run(`mutation { createApiToken(input: { name: "x", scopes: [PROFILE]${expiresAt} }) {
        __typename ... on CreateApiTokenSuccess { apiToken { expiresAt } } } }`);
    const { createApiToken: own } = (await make('')) as {
      createApiToken: { apiToken: { expiresAt: string } };
    };
    expect(Date.parse(own.apiToken.expiresAt) - Date.now()).toBeLessThanOrEqual(600_000);
    const { createApiToken: longer } = (await make(', expiresAt: "2030-01-01T00:00:00Z"')) as {
      createApiToken: { __typename: string };
    };
    expect(longer.__typename).toBe('InvalidInputError');
  });

  it('is asked for again once the client has lost it', async () => {
    const { client } = await connect(['profile', 'data:read']);
    const admin = await app.as('admin');
    const id = encodeId('OAuthClient', client.id);
    await admin.run(
      `mutation { updateOAuthClient(id: "${id}", input: { scopes: [PROFILE] }) { __typename } }`,
    );
    await admin.run(
      `mutation { updateOAuthClient(id: "${id}", input: { scopes: [PROFILE, DATA_READ] }) { __typename } }`,
    );
    const consent = await app.database.prisma.consent.findFirstOrThrow({ where: { clientId: client.id } });
    expect(consent.scopes).toEqual(['profile']);
  });
});

describe('the trail of an account that is erased', () => {
  it('does not keep where a new password was asked for from', async () => {
    const { prisma } = app.database;
    const user = await prisma.user.create({ data: { id: crypto.randomUUID(), username: 'leaving' } });
    await prisma.auditEvent.create({
      data: {
        id: crypto.randomUUID(),
        occurredAt: new Date(),
        action: 'password.reset',
        subjectType: 'User',
        subjectId: user.id,
        accountId: user.id,
        credentialKind: 'ANONYMOUS',
        ipAddress: '198.51.100.99',
        userAgent: 'LeavingBrowser/1.0',
      },
    });
    await (await app.as('admin')).run(
      `mutation { deleteUser(id: "${encodeId('User', user.id)}") { __typename } }`,
    );
    await app.work();
    const rows = await prisma.auditEvent.findMany({
      where: { subjectId: user.id },
      omit: { sequence: true },
    });
    expect(JSON.stringify(rows)).not.toMatch(/LeavingBrowser|198\.51\.100\.99/);
    expect(rows.length).toBeGreaterThan(1);
  });
});
