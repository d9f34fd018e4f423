/** `If-Match`: a change meant for a version is made of that version, or not at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorld, type World } from '../seeds/world.ts';

let world: World;
let strict: World;
beforeAll(async () => {
  world = await openWorld();
  strict = await openWorld({ REQUIRE_IF_MATCH: 'true' });
});
afterAll(async () => {
  await world.close();
  await strict.close();
});

interface Write {
  readonly name: string;
  readonly method: 'PATCH' | 'PUT' | 'DELETE';
  readonly json?: object;
  /** The answer to what was refused, in the words of the dialect. */
  readonly refusal: (status: 400 | 412 | 428) => unknown;
  /** Somebody who may, the account that it changes, and the path. */
  open(world: World): Promise<{ token: string; id: string; path: string; read: () => Promise<string> }>;
}

const detail = () => ({ detail: expect.any(String) });
const zenml = (status: number) =>
  status === 400 ? { detail: ['ValueError', expect.any(String)] } : detail();
const birdCodes = { 400: 'bad_request', 412: 'precondition_failed', 428: 'precondition_required' };
const bird = (status: 400 | 412 | 428) => ({
  code: birdCodes[status],
  message: expect.any(String),
  details: [],
});

const tagOf = async (world: World, path: string, token: string) =>
  (await world.call('GET', path, { token })).headers.get('etag') ?? '';

async function ownAccount(world: World, path: string) {
  const { id, token } = await world.person();
  return { token, id, path, read: () => tagOf(world, path, token) };
}

async function byAdmin(world: World) {
  const { id, token } = await world.person();
  const read = () => tagOf(world, '/users/me', token);
  return { token: world.tokens.admin, id, path: `/users/${id}`, read };
}

async function managed(world: World) {
  const { id: managerId, token } = await world.person();
  const id = await world.managed(managerId);
  const path = `/api/v1/users/${id}`;
  return { token, id, path, read: () => tagOf(world, path, token) };
}

const writes: readonly Write[] = [
  {
    name: 'ZenML PATCH /users/me',
    method: 'PATCH',
    json: { company: 'New' },
    refusal: zenml,
    open: (w) => ownAccount(w, '/users/me'),
  },
  {
    name: 'ZenML PATCH /users/{user_id}',
    method: 'PATCH',
    json: { company: 'New' },
    refusal: zenml,
    open: byAdmin,
  },
  { name: 'ZenML DELETE /users/{user_id}', method: 'DELETE', refusal: zenml, open: byAdmin },
  {
    name: 'SweatStack PUT /users/{user_id}',
    method: 'PUT',
    json: { first_name: 'New' },
    refusal: detail,
    open: managed,
  },
  { name: 'SweatStack DELETE /users/{user_id}', method: 'DELETE', refusal: detail, open: managed },
  {
    name: 'Bird PATCH /me',
    method: 'PATCH',
    json: { bio: 'New' },
    refusal: bird,
    open: (w) => ownAccount(w, '/me'),
  },
  { name: 'Bird DELETE /me', method: 'DELETE', refusal: bird, open: (w) => ownAccount(w, '/me') },
];

/** All that a change of an account would leave behind. */
const traces = async (world: World, id: string) => [
  await world.row(id),
  await world.prisma.auditEvent.count({ where: { accountId: id } }),
  await world.prisma.outboxEvent.count({ where: { subjectId: id } }),
  await world.prisma.erasure.count({ where: { userId: id } }),
  await world.prisma.session.count({ where: { userId: id, revokedAt: null } }),
];

describe.each(writes)('$name', ({ method, json, refusal, open }) => {
  const send = (
    to: World,
    { path, token }: { path: string; token: string },
    headers: Record<string, string>,
  ) => to.call(method, path, { token, headers, ...(json && { json }) });

  it.each<[string, (tag: string) => string]>([
    ['the current version', (tag) => tag],
    ['a list that it is in', (tag) => `"a,b", ${tag}, W/"c"`],
    ['any version', () => '*'],
  ])('changes what is at %s', async (_, ifMatch) => {
    const account = await open(world);
    const before = await world.row(account.id);
    const { status } = await send(world, account, { 'if-match': ifMatch(await account.read()) });
    expect(status).toBeLessThan(300);
    const after = await world.prisma.user.findUnique({ where: { id: account.id } });
    expect(after).not.toEqual(before);
  });

  it.each<[string, (tag: string) => Record<string, string>]>([
    ['a version before', (tag) => ({ 'if-match': tag.replace(/\.\d+"$/, '.0"') })],
    ['a version to come', (tag) => ({ 'if-match': tag.replace(/\.(\d+)"$/, '.$19"') })],
    ['a weak tag', (tag) => ({ 'if-match': `W/${tag}` })],
    ['the same version of another account', (tag) => ({ 'if-match': tag.replace(/_\w{5}/, '_01h45') })],
    ['a tag of nobody', () => ({ 'if-match': '""' })],
    ['nothing at all, by If-None-Match: *', () => ({ 'if-none-match': '*' })],
    ['any but this, by If-None-Match', (tag) => ({ 'if-none-match': `W/${tag}` })],
  ])('answers 412 and writes nothing for %s', async (_, headers) => {
    const account = await open(world);
    const tag = await account.read();
    const before = await traces(world, account.id);
    const answer = await send(world, account, headers(tag));
    expect([answer.status, answer.body]).toEqual([412, refusal(412)]);
    expect(await traces(world, account.id)).toEqual(before);
  });

  it.each(['', 'x', '"a', 'user_1.1', '"a" "b"', '*, "a"', 'w/"a"', ',', '"é\u0001"'])(
    'answers 400 and writes nothing for an If-Match that cannot be read: %j',
    async (value) => {
      if (/[^\x20-\xff]/.test(value)) return; // no client can send it
      const account = await open(world);
      const before = await traces(world, account.id);
      const answer = await send(world, account, { 'if-match': value });
      expect([answer.status, answer.body]).toEqual([400, refusal(400)]);
      expect(await traces(world, account.id)).toEqual(before);
    },
  );

  it('needs If-Match where the operator says so, and else answers 428 and writes nothing', async () => {
    const account = await open(strict);
    const tag = await account.read();
    const before = await traces(strict, account.id);
    const answer = await send(strict, account, {});
    expect([answer.status, answer.body]).toEqual([428, refusal(428)]);
    expect(await traces(strict, account.id)).toEqual(before);
    expect((await send(strict, account, { 'if-match': tag })).status).toBeLessThan(300);
  });

  it('lets exactly one of ten win that were meant for the same version', async () => {
    const account = await open(world);
    const headers = { 'if-match': await account.read() };
    const { version } = await world.row(account.id);
    const change = (n: number) =>
      json ? { json: Object.fromEntries(Object.keys(json).map((key) => [key, `New ${n}`])) } : {};
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        world.call(method, account.path, { token: account.token, headers, ...change(n) }),
      ),
    );
    const won = answers.filter(({ status }) => status < 300);
    expect(won).toHaveLength(1);
    // Who comes after a deletion finds no account, or no credential.
    const lost = answers.filter(({ status }) => status >= 300).map(({ status }) => status);
    expect(new Set(lost)).toEqual(method === 'DELETE' ? new Set([lost[0]]) : new Set([412]));
    expect((await world.row(account.id)).version).toBe(version + 1);
    if (method !== 'DELETE') expect(won[0]?.headers.get('etag')).toBe(await account.read());
  });

  it('tells a stranger no more than without If-Match', async () => {
    const account = await open(world);
    const tag = await account.read();
    const { token } = await world.person();
    if (!account.path.includes(account.id)) return;
    const path = account.path;
    const without = await send(world, { path, token }, {});
    for (const ifMatch of [tag, '*', '"x"']) {
      const answer = await send(world, { path, token }, { 'if-match': ifMatch });
      expect([answer.status, answer.text]).toEqual([without.status, without.text]);
    }
  });
});

it('holds across surfaces: who read it in Katapult changes it in Bird, and not after the graph changed it', async () => {
  const { token } = await world.person();
  const read = () => tagOf(world, '/users/current', token);
  const patch = (tag: string) =>
    world.call('PATCH', '/me', { token, json: { bio: 'Mine' }, headers: { 'if-match': tag } });
  const stale = await read();
  await world.app.withToken(token).run('mutation { updateMe(input: { company: "Other" }) { __typename } }');
  expect((await patch(stale)).status).toBe(412);
  expect((await patch(await read())).status).toBe(200);
});

it('problems of the input are told before the version, as in the graph', async () => {
  const { token } = await world.person();
  const headers = { 'if-match': '"x"' };
  const answer = await world.call('PATCH', '/me', { token, json: { timezone: 'Mars/Base' }, headers });
  expect(answer.status).toBe(422);
});

it('REQUIRE_IF_MATCH does not ask for it where nothing of a version is changed', async () => {
  const { token, sessionId } = await strict.person();
  const created = await strict.call('POST', '/api/v1/users/', {
    token,
    json: { first_name: 'A', last_name: null },
  });
  expect(created.status).toBe(200);
  expect((await strict.call('DELETE', `/me/sessions/${sessionId}`, { token })).status).toBe(204);
});
