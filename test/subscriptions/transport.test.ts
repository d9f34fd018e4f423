/** Subscriptions over HTTP: their form, their number, and that nothing is left of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Served, serve } from '../clients/serve.ts';
import { codeOf, eventually, type Subscription, subscribe } from './stream.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

const open: Subscription[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.abort();
});

const query = 'subscription { userChanged { events user { bio } } }';
const bio = `mutation ($bio: String) { updateMe(input: { bio: $bio }) { __typename } }`;

async function follow(login: string, headers: Record<string, string> = {}): Promise<Subscription> {
  const stream = await subscribe(served.url, {
    query,
    headers,
    token: (await served.app.as(login)).token,
  });
  open.push(stream);
  return stream;
}

const lines = () =>
  served.app.logged
    .map((line) => JSON.parse(line) as { msg: string; path: string; ms: number; requestId: string })
    .filter(({ msg }) => msg === 'request');

describe('the form of a stream', () => {
  it('is passed on as it comes, kept nowhere, and kept alive by comments', async () => {
    const stream = await follow('ada');
    const { headers } = stream;
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(headers.get('content-encoding')).toBeNull();
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('ratelimit')).toContain('r=');
    await eventually(() => stream.text.split(':\n\n').length > 3);
  });

  it.each(['application/json', '*/*', 'application/graphql-response+json', 'multipart/mixed, */*'])(
    'is refused, and none opened, for a client that would wait for its end: Accept %s',
    async (accept) => {
      const stream = await follow('ada', { accept });
      expect(stream.status).toBe(406);
      expect(stream.headers.get('content-type')).toMatch(/json/);
      await eventually(() => stream.text.includes('}'));
      expect(stream.text).toContain('"code":"NOT_ACCEPTABLE"');
    },
  );

  it('is no other for a query, or for a document that cannot run', async () => {
    const { token } = await served.app.as('ada');
    const answer = await subscribe(served.url, { query: '{ me { username } }', token });
    expect(await answer.next()).toEqual({ data: { me: { username: 'ada' } } });
    expect(await answer.next()).toBe('complete');
    const two = 'subscription { a: userChanged { events } b: userChanged { events } }';
    const refused = await subscribe(served.url, { query: two, token });
    expect(codeOf(await refused.next())).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(await refused.next()).toBe('complete');
  });

  it('counts as one operation, however much it tells', async () => {
    const left = async () =>
      Number(/r=(\d+)/.exec((await follow('kaito.ito')).headers.get('ratelimit') ?? '')?.[1]);
    const before = await left();
    const stream = open.at(-1);
    await stream?.next();
    const { id: subjectId } = await served.app.database.prisma.user.findFirstOrThrow({
      where: { username: 'kaito.ito' },
    });
    await served.app.database.prisma.user.update({ where: { id: subjectId }, data: { bio: 'x' } });
    expect(await left()).toBe(before - 1);
  });

  it('has one line in the log, when it ends, with how long it was', async () => {
    const stream = await follow('ada');
    const requestId = stream.headers.get('x-request-id') ?? '';
    await stream.next();
    await (await served.app.as('ada')).run(bio, { bio: `${Math.random()}` });
    await stream.next();
    await sleep(300);
    const own = () => lines().filter((line) => line.requestId === requestId);
    expect(own()).toEqual([]);
    stream.abort();
    await eventually(() => own().length > 0);
    expect(own()).toMatchObject([{ path: '/graphql', status: 200, credential: 'SESSION' }]);
    expect(own()[0]?.ms).toBeGreaterThanOrEqual(300);
  });
});

describe('the number of streams', () => {
  it('is ten for an account, whatever it signs in by; who goes away makes room', async () => {
    const streams = await Promise.all(Array.from({ length: 10 }, () => follow('leila.ito')));
    expect(streams.map(({ status }) => status)).toEqual(new Array(10).fill(200));
    const refused = await follow('leila.ito');
    expect([refused.status, codeOf(await refused.next())]).toEqual([429, 'RATE_LIMITED']);
    expect((await follow('noor.berg')).status).toBe(200);
    for (const stream of streams) stream.abort();
    await eventually(async () => (await follow('leila.ito')).status === 200);
  });

  it('is ten for an address that says nothing of itself', async () => {
    const erasure = await served.app.database.prisma.erasure.create({
      data: {
        id: crypto.randomUUID(),
        userId: crypto.randomUUID(),
        requestedAt: new Date(),
        undoUntil: new Date(Date.now() + 1e9),
      },
    });
    const { encodeId } = await import('../../src/domain/ids.ts');
    const ask = async () => {
      const stream = await subscribe(served.url, {
        query: `subscription ($id: ID!) { erasureProgress(id: $id) { status } }`,
        variables: { id: encodeId('Erasure', erasure.id) },
      });
      open.push(stream);
      return stream;
    };
    for (let n = 0; n < 10; n += 1) expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(429);
  });
});
