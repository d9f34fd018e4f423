import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../setup/app.ts';
import {
  authorizationQuery,
  exchange,
  failureOf,
  makeProof,
  obtainCode,
  obtainTokens,
  openProvider,
  refresh,
  registerClient,
  visit,
  whoAmI,
} from './provider.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openProvider();
});
afterAll(() => app.close());

const consents = '{ me { consents { scopes client { name } } } }';
const withdraw = `mutation ($id: ID!) { withdrawConsent(id: $id) {
  __typename ... on WithdrawConsentSuccess { client { name } } ... on Error { code } } }`;

interface Listed {
  readonly me: { readonly consents: readonly { client: { name: string }; scopes: string[] }[] | null };
}

const listed = async (as = 'ada') => ((await (await app.as(as)).run(consents)) as Listed).me.consents ?? [];

describe('what a user allowed a client', () => {
  it('is listed with all scopes that it was ever allowed, to the user alone', async () => {
    const client = await registerClient(app, { name: 'Listed' });
    await obtainTokens(app, client, { changed: { scope: 'openid' } });
    await obtainTokens(app, client, { changed: { scope: 'data:read' } });
    expect(await listed()).toContainEqual({ client: { name: 'Listed' }, scopes: ['OPENID', 'DATA_READ'] });
    expect(await listed('grace')).toEqual([]);
    const given = { action: 'consent.give', subjectId: client.clientId };
    expect(await app.database.prisma.auditEvent.count({ where: given })).toBe(2);
  });

  it('is told to nobody that the user manages or belongs with, and to no client without profile', async () => {
    const client = await registerClient(app);
    const { access_token: token } = await obtainTokens(app, client, { changed: { scope: 'data:read' } });
    expect(await app.withToken(token).run(consents)).toEqual({ me: { consents: null } });
  });

  it('is taken back: the client is out at once, and must ask anew', async () => {
    const client = await registerClient(app, { name: 'Withdrawn' });
    const tokens = await obtainTokens(app, client);
    const waiting = await obtainCode(app, client);
    const ada = await app.as('ada');
    expect(await ada.run(withdraw, { id: client.id })).toEqual({
      withdrawConsent: { __typename: 'WithdrawConsentSuccess', client: { name: 'Withdrawn' } },
    });
    expect(await whoAmI(app, tokens.access_token)).toBe(401);
    expect(failureOf(await refresh(app, client, tokens.refresh_token))).toBe('400 invalid_grant');
    expect(failureOf(await exchange(app, client, waiting))).toBe('400 invalid_grant');
    expect((await listed()).map(({ client: { name } }) => name)).not.toContain('Withdrawn');
    expect((await visit(app, ada, authorizationQuery(client, makeProof().challenge))).status).toBe(200);
    expect(await ada.run(withdraw, { id: client.id })).toEqual({
      withdrawConsent: { __typename: 'NotFoundError', code: 'NOT_FOUND' },
    });
  });

  it('stays with others when one takes it back', async () => {
    const client = await registerClient(app);
    const ada = await obtainTokens(app, client);
    const grace = await obtainTokens(app, client, { as: 'grace' });
    await (await app.as('grace')).run(withdraw, { id: client.id });
    expect(await whoAmI(app, grace.access_token)).toBe(401);
    expect(await whoAmI(app, ada.access_token)).toBe(200);
    expect((await listed()).length).toBeGreaterThan(0);
  });

  it('can be taken back from a client of the operator, too', async () => {
    const client = await registerClient(app, { isTrusted: true });
    const { access_token: token } = await obtainTokens(app, client);
    await (await app.as('ada')).run(withdraw, { id: client.id });
    expect(await whoAmI(app, token)).toBe(401);
  });

  it('is not taken back by nobody, nor by a client that lacks the scope', async () => {
    const client = await registerClient(app);
    const { access_token: token } = await obtainTokens(app, client);
    const codes = [];
    for (const one of [app.anonymous, app.withToken(token)])
      codes.push((await one.send(withdraw, { id: client.id })).errors[0]?.extensions.code);
    expect(codes).toEqual(['UNAUTHENTICATED', 'INSUFFICIENT_SCOPE']);
    expect(await whoAmI(app, token)).toBe(200);
  });

  it('is given once by a user who clicks twice', async () => {
    const client = await registerClient(app);
    await Promise.all(Array.from({ length: 8 }, () => obtainCode(app, client)));
    const given = { action: 'consent.give', subjectId: client.clientId };
    expect(await app.database.prisma.auditEvent.count({ where: given })).toBe(1);
  });
});

describe('a client', () => {
  it('acts within its scopes, and its session is told apart', async () => {
    const client = await registerClient(app, { scopes: ['PROFILE', 'USERS_WRITE'] });
    const { access_token: token } = await obtainTokens(app, client, {
      changed: { scope: 'profile users:write' },
    });
    const as = app.withToken(token);
    const changed = await as.run('mutation { updateMe(input: { bio: "Changed." }) { __typename } }');
    expect(changed).toEqual({ updateMe: { __typename: 'UpdateMeSuccess' } });
    const made = await as.send(
      'mutation { createApiToken(input: { name: "X", scopes: [] }) { __typename } }',
    );
    expect(made.errors[0]?.extensions.code).toBe('INSUFFICIENT_SCOPE');
    const { actorId, credentialKind, credentialId } = await app.database.prisma.auditEvent.findFirstOrThrow({
      where: { action: 'user.update' },
      orderBy: { occurredAt: 'desc' },
    });
    const session = await app.database.prisma.session.findUniqueOrThrow({
      where: { id: credentialId ?? '' },
    });
    expect([credentialKind, session.clientId, session.userId]).toEqual(['SESSION', client.clientId, actorId]);
  });

  it('gets no code for itself: it is not the person', async () => {
    const client = await registerClient(app);
    const { access_token: token } = await obtainTokens(app, client);
    const query = authorizationQuery(client, makeProof().challenge);
    const answer = await app.call('POST', '/oauth/authorize', {
      headers: { cookie: `usergraph_session=${token}; token=${token}` },
      form: { request: query, decision: 'allow' },
    });
    expect(answer.headers.get('location')).toContain('sign-in');
  });
});
