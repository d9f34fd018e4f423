/** Who follows an account is told of it exactly what a query tells, and nobody else follows it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type ActorName, actors, createWorld, type World } from './actors.ts';
import { requestError } from './ask.ts';
import { selections } from './selections.ts';
import { readTable } from './table.ts';

let app: TestApp;
let world: World;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
  world = await createWorld(app.database);
});
afterAll(() => app.close());

type Told = { data?: { userChanged?: { user: unknown } }; errors?: Parameters<typeof requestError>[0][] };

/** The first that a subscription tells; the stream is closed then. */
async function follow(actor: ActorName, query: string, variables: object): Promise<Told> {
  const token = world.secrets[actor];
  const response = await app.fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  let text = '';
  if (response.headers.get('content-type') !== 'text/event-stream')
    return JSON.parse(await response.text()) as Told;
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    const told = /^data: (\{.*\})$/m.exec(text)?.[1];
    if (told !== undefined) return JSON.parse(told) as Told;
  }
  throw new Error(`nothing was told:\n${text}`);
}

const names = Object.keys(actors) as ActorName[];
const table = new Map(readTable().map(({ name, cells }) => [name, cells]));

test('every subscription is in these tests', () => {
  expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {}).sort()).toEqual([
    'erasureProgress',
    'userChanged',
  ]);
});

describe.each(['person', 'managed', 'service', 'internal'] as const)(
  'following the %s account',
  (subject) => {
    test.each(names)('by %s is like reading it', async (actor) => {
      const fields = selections.User;
      const id = world.ids[subject];
      const told = await follow(
        actor,
        `subscription ($id: ID!) { userChanged(id: $id) { user { ${fields} } } }`,
        { id },
      );
      const read = await app
        .withToken(world.secrets[actor])
        .send<{ user: unknown }, object>(`query ($id: ID!) { user(by: { id: $id }) { ${fields} } }`, { id });
      const expected = table.get(`node ${subject}`)?.get(actor);
      if (expected === 'ok') {
        expect(told).toEqual({ data: { userChanged: { user: read.data.user } } });
        expect(read.data.user).toMatchObject({ id });
      } else {
        const code = told.errors?.[0]?.extensions.code;
        expect(code).toBe(expected === 'null' ? 'NOT_FOUND' : expected);
        expect(JSON.stringify(told)).not.toContain(id);
      }
    });
  },
);

describe('following oneself', () => {
  test.each(names)('by %s', async (actor) => {
    const told = await follow(actor, 'subscription { userChanged { user { id } } }', {});
    const { data, errors } = await app
      .withToken(world.secrets[actor])
      .send<{ me: unknown }, object>('{ me { id } }', {});
    const refused = actor === 'org' ? 'FORBIDDEN' : 'UNAUTHENTICATED';
    const code = errors[0] ? requestError(errors[0]) : data.me === null ? refused : undefined;
    expect(told.errors?.[0]?.extensions.code).toBe(code);
    if (code === undefined) expect(told).toEqual({ data: { userChanged: { user: data.me } } });
  });
});

test('whoever knows the id of an erasure follows it, but nobody with a credential that is over', async () => {
  const { encodeId } = await import('../../src/domain/ids.ts');
  const at = new Date();
  const { id } = await app.database.prisma.erasure.create({
    data: { id: crypto.randomUUID(), userId: crypto.randomUUID(), requestedAt: at, undoUntil: at },
  });
  for (const actor of names) {
    const variables = { id: encodeId('Erasure', id) };
    const told = await follow(
      actor,
      'subscription ($id: ID!) { erasureProgress(id: $id) { status } }',
      variables,
    );
    const isOver = ['susp', 'expd', 'rvkd'].includes(actor);
    if (isOver) expect(told.errors?.[0]?.extensions.code, actor).toBe('UNAUTHENTICATED');
    else expect(told, actor).toEqual({ data: { erasureProgress: { status: 'PENDING' } } });
  }
});
