/** Following accounts: what is told, to whom, and what ends it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Served, serve } from '../clients/serve.ts';
import { signIn } from '../setup/app.ts';
import { codeOf, type Payload, type Subscription, subscribe } from './stream.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

const open: Subscription[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.abort();
});

const facts = `user { displayName bio username email version emails { address } sessions { id } }`;
const query = `subscription ($id: ID) { userChanged(id: $id) { events ${facts} } }`;

async function follow(token: string | null, id?: string): Promise<Subscription> {
  const stream = await subscribe(served.url, { query, variables: { id }, token });
  open.push(stream);
  return stream;
}
const as = (login: string) => served.app.as(login);
const fresh = async (login: string) => served.app.withToken(await signIn(served.app.anonymous, login));
const events = (payload: unknown) =>
  (payload as { data: { userChanged: { events: string[] } } }).data?.userChanged.events;

const bio = `mutation ($bio: String) { updateMe(input: { bio: $bio }) { __typename } }`;
const share = `mutation ($id: ID!, $scopes: [Scope!]!) { shareAccess(input: { granteeId: $id, scopes: $scopes }) { __typename } }`;
const revoke = `mutation ($id: ID!) { revokeAccess(input: { granteeId: $id }) { __typename } }`;
const update = `mutation ($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { __typename } }`;

describe('what is told', () => {
  it('begins with the account as it is, then tells each committed change within a second', async () => {
    const ada = await as('ada');
    const stream = await follow(ada.token);
    expect(stream.status).toBe(200);
    const first = { events: [], user: { displayName: 'Ada Lovelace', email: 'ada@example.com' } };
    expect(await stream.next()).toMatchObject({ data: { userChanged: first } });
    await ada.run(bio, { bio: 'Changed.' });
    const then = { events: ['user.updated'], user: { bio: 'Changed.' } };
    expect(await stream.next(1_000)).toMatchObject({ data: { userChanged: then } });
    await fresh('ada');
    expect(events(await stream.next(1_000))).toEqual(['session.created']);
  });

  it('is silent about what was refused, rolled back, or happened to others', async () => {
    const ada = await as('ada');
    const stream = await follow(ada.token);
    await stream.next();
    const stale = await ada.send(
      `mutation { updateMe(input: { bio: "stale", expectedVersion: 1000000 }) { __typename } }`,
    );
    expect(stale.text).toContain('ConflictError');
    const { prisma } = served.app.database;
    const { id: subjectId } = await prisma.user.findFirstOrThrow({ where: { username: 'ada' } });
    const rolledBack = prisma.$transaction(async (tx) => {
      const type = 'user.updated';
      const id = crypto.randomUUID();
      await tx.outboxEvent.create({ data: { id, type, subjectId, payload: {}, occurredAt: new Date() } });
      throw new Error('not committed');
    });
    await expect(rolledBack).rejects.toThrow('not committed');
    await (await as('grace')).run(bio, { bio: 'Somebody else.' });
    await stream.silence(600);
  });

  it('tells changes that follow each other at once together, each kind once, with the newest state', async () => {
    const ada = await as('ada');
    const stream = await follow(ada.token);
    await stream.next();
    const all = [1, 2, 3, 4, 5].map((n) => `m${n}: updateMe(input: { bio: "bio ${n}" }) { __typename }`);
    await ada.run(`mutation { ${all.join('\n')} }`);
    const told: Payload[] = [];
    const bios = () => told.map(({ data }) => data.userChanged.user.bio);
    while (bios().at(-1) !== 'bio 5') told.push((await stream.next()) as Payload);
    const newest = bios().length;
    // A change that is heard of when its state was told already is told once more, with the same state.
    told.push(...((await stream.rest(300)) as Payload[]));
    expect(new Set(bios().slice(newest - 1))).toEqual(new Set(['bio 5']));
    expect(told.map(events)).toEqual(told.map(() => ['user.updated']));
    expect(told.length).toBeLessThanOrEqual(5);
  });

  it('is there by GET, too', async () => {
    const { token } = await as('ada');
    const url = `${served.url}/graphql?query=${encodeURIComponent('subscription { userChanged { events } }')}`;
    const aborting = new AbortController();
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
    const response = await fetch(url, { headers, signal: aborting.signal });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    aborting.abort();
  });
});

describe('who is told what', () => {
  it('a grantee sees private facts as long as the share lends them, and then no more of the account', async () => {
    const [amara, bela] = [await as('amara.berg'), await as('bela.ito')];
    const amaraId = await served.app.idOf('Amara Berg');
    const belaId = await served.app.idOf('Bela Ito');
    await amara.run(share, { id: belaId, scopes: ['PROFILE', 'DATA_READ'] });
    const stream = await follow(bela.token, amaraId);
    const mine = { email: 'amara.berg@example.org', sessions: null };
    expect(await stream.next()).toMatchObject({ data: { userChanged: { user: mine } } });
    await amara.run(share, { id: belaId, scopes: ['DATA_READ'] });
    expect(await stream.next()).toMatchObject({ data: { userChanged: { user: { email: null } } } });
    const before = stream.text.length;
    await amara.run(revoke, { id: belaId });
    expect(codeOf(await stream.next(1_000))).toBe('NOT_FOUND');
    expect(await stream.next()).toBe('complete');
    await amara.run(bio, { bio: 'After the end.' });
    expect(stream.text.slice(before)).not.toMatch(/amara|After the end/i);
  });

  it('a colleague is told of public facts only', async () => {
    const [ada, grace] = [await as('ada'), await as('grace')];
    const stream = await follow(grace.token, await served.app.idOf('Ada Lovelace'));
    const none = { displayName: 'Ada Lovelace', email: null, emails: null, sessions: null };
    expect(await stream.next()).toMatchObject({ data: { userChanged: { user: none } } });
    await ada.run(bio, { bio: 'For all to see.' });
    const told = { ...none, bio: 'For all to see.' };
    expect(await stream.next()).toMatchObject({ data: { userChanged: { user: told } } });
    expect(stream.text).not.toContain('@example.com');
  });

  it('a token without the scope of private facts is told none', async () => {
    const ada = await as('ada');
    const { createApiToken } = (await ada.run(
      `mutation { createApiToken(input: { name: "follow", scopes: [DATA_READ] }) { ... on CreateApiTokenSuccess { secret } } }`,
    )) as { createApiToken: { secret: string } };
    const stream = await follow(createApiToken.secret);
    expect(await stream.next()).toMatchObject({ data: { userChanged: { user: { email: null } } } });
    await ada.run(bio, { bio: 'Again.' });
    expect(await stream.next()).toMatchObject({ data: { userChanged: { user: { email: null } } } });
  });

  it('nobody follows what is not there for them: the answer is an error, and no stream', async () => {
    const stranger = await as('bela.ito');
    const adaId = await served.app.idOf('Ada Lovelace');
    for (const [token, id, status, code] of [
      [stranger.token, adaId, 404, 'NOT_FOUND'],
      [stranger.token, 'user_01h455vb4pex5vsknk084sn02q', 404, 'NOT_FOUND'],
      [stranger.token, 'not-an-id', 400, 'INVALID_ID'],
      [null, adaId, 401, 'UNAUTHENTICATED'],
      [null, undefined, 401, 'UNAUTHENTICATED'],
    ] as const) {
      const stream = await follow(token, id);
      expect([stream.status, codeOf(await stream.next()), await stream.next()]).toEqual([
        status,
        code,
        'complete',
      ]);
      expect(stream.text).not.toContain('Ada');
    }
  });
});

describe('what ends it', () => {
  const ends = async (stream: Subscription, ms = 1_000) => {
    expect(codeOf(await stream.next(ms))).toBe('UNAUTHENTICATED');
    expect(await stream.next()).toBe('complete');
  };

  it('signing out', async () => {
    const client = await fresh('chidi.berg');
    const stream = await follow(client.token);
    await stream.next();
    await client.run(`mutation { signOut { __typename } }`);
    await ends(stream);
  });

  it('the suspension of the account, whatever it follows', async () => {
    const emil = await fresh('emil.berg');
    await (await as('farah.berg')).run(share, {
      id: await served.app.idOf('Emil Berg'),
      scopes: ['PROFILE'],
    });
    const stream = await follow(emil.token, await served.app.idOf('Farah Berg'));
    await stream.next();
    const id = await served.app.idOf('Emil Berg');
    await (await as('admin')).run(update, { id, input: { status: 'SUSPENDED' } });
    await ends(stream);
    expect(stream.text).not.toContain('emil');
  });

  it('the time of the credential, without any event', async () => {
    const client = await fresh('goran.berg');
    const { prisma } = served.app.database;
    const expiresAt = new Date(Date.now() + 1_500);
    await prisma.session.updateMany({ where: { user: { username: 'goran.berg' } }, data: { expiresAt } });
    const stream = await follow(client.token);
    await stream.next();
    await stream.silence(500);
    await ends(stream, 2_000);
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
    expect(Date.now() - expiresAt.getTime()).toBeLessThan(700);
  });

  it('a failure of ours is masked, and told in the log, as everywhere; the stream goes on', async () => {
    const ada = await as('ada');
    const stream = await follow(ada.token);
    await stream.next();
    const { prisma } = served.app.database;
    await prisma.$executeRawUnsafe('ALTER TABLE phone_numbers RENAME TO gone');
    const broken = await subscribe(served.url, {
      query: `subscription { userChanged { user { phoneNumbers { number } } } }`,
      token: ada.token,
    });
    const told = await broken.next();
    await prisma.$executeRawUnsafe('ALTER TABLE gone RENAME TO phone_numbers');
    expect(codeOf(told)).toBe('INTERNAL_SERVER_ERROR');
    expect(broken.text).not.toContain('phone_numbers');
    expect(served.app.logged.join('')).toContain('phone_numbers');
    broken.abort();
    await ada.run(bio, { bio: 'It works again.' });
    expect(events(await stream.next())).toEqual(['user.updated']);
  });
});
