/** Deleting an account is deep: nothing of the person or of the users it manages is left, and nothing else is touched. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { ask } from './ask.ts';
import { type Row, readEverything, readJobs, tablesOf } from './database-text.ts';
import { createDoomedWorld, type DoomedWorld, inventories, traces } from './doomed-world.ts';
import { collectRows, deleteAllRows } from './rows.ts';

let app: TestApp;
let world: DoomedWorld;

beforeAll(async () => {
  app = await openTestApp({ seed: false, logLevel: 'trace' });
});
beforeEach(async () => {
  await deleteAllRows(app.database);
  world = await createDoomedWorld(app);
});
afterAll(() => app.close());

interface Erasure {
  readonly userId: string;
  readonly status: string;
  readonly inventory: readonly { kind: string; count: number }[];
}

/** Deletes by one of the mutations that delete, and lets the background do its part. */
async function erase(client: Client, call: string): Promise<Erasure> {
  const [field = ''] = call.split('(');
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Success`;
  const { found } = await client.run<{ found: { erasure: { id: string } } }, object>(
    `mutation { found: ${call} { ... on ${type} { erasure { id } } } }`,
  );
  await app.work();
  const { erasure } = await app.anonymous.run<{ erasure: Erasure }, object>(
    'query ($id: ID!) { erasure(id: $id) { userId status inventory { kind count } } }',
    { id: found.erasure.id },
  );
  return erasure;
}

const ways = [
  { way: 'a person deletes itself', client: () => world.clients.ada, call: () => 'deleteMe', gone: 'person' },
  {
    way: 'a person deletes itself by id',
    client: () => world.clients.ada,
    call: () => `deleteUser(id: "${globalId('ada')}")`,
    gone: 'person',
  },
  {
    way: 'a superuser deletes a person',
    client: () => world.clients.root,
    call: () => `deleteUser(id: "${globalId('ada')}")`,
    gone: 'person',
  },
  {
    way: 'a manager deletes a managed user',
    client: () => world.clients.ada,
    call: () => `deleteManagedUser(id: "${globalId('kid')}")`,
    gone: 'kid',
  },
  {
    way: 'a superuser deletes a managed user',
    client: () => world.clients.root,
    call: () => `deleteUser(id: "${globalId('kid')}")`,
    gone: 'kid',
  },
  {
    way: 'an owner deletes a service account',
    client: () => world.clients.owner,
    call: () => `deleteUser(id: "${globalId('robot')}")`,
    gone: 'robot',
  },
] as const;

const globalId = (name: keyof DoomedWorld['ids']) => encodeId('User', world.ids[name]);

/** The tables that keep the id of an erased account, and never what it said: they tell that and by whom it was erased. */
const keepers = ['audit_events', 'erasures', 'outbox_events', 'webhook_deliveries'];

describe.each(ways)('when $way', ({ client, call, gone }) => {
  test('no table holds any of its names, addresses, values or programs', async () => {
    const before = await readEverything(app.database);
    for (const text of traces[gone]) expect(tablesWith(before, text), `${text} before`).not.toEqual([]);
    await erase(client(), call());
    const after = [...(await readEverything(app.database)), ...(await readJobs(app.database))];
    for (const text of traces[gone]) expect(tablesWith(after, text), text).toEqual([]);
  });

  test('no line of the log holds any of them either', async () => {
    await erase(client(), call());
    const log = app.logged.join('').toLowerCase();
    expect(log).toContain('/graphql');
    for (const text of traces[gone]) expect(log, text).not.toContain(text.toLowerCase());
  });

  test('only the trail, the outbox and the erasure know its id', async () => {
    await erase(client(), call());
    const after = await readEverything(app.database);
    for (const id of world.erased[gone]) {
      const holding = tablesWith(after, id).filter((table) => !keepers.includes(table));
      expect(holding).toEqual([]);
    }
  });

  test("nobody else's row is touched", async () => {
    const before = await readEverything(app.database);
    await erase(client(), call());
    const kept = new Set((await readEverything(app.database)).map(toText));
    const lost = before.filter((row) => !kept.has(toText(row)));
    const strangers = lost.filter(({ text }) => !world.owned[gone].some((id) => text.includes(id)));
    expect(strangers).toEqual([]);
    expect(lost.length).toBeGreaterThan(0);
  });

  test('the inventory counts exactly what there was', async () => {
    const { inventory, status, userId } = await erase(client(), call());
    expect(status).toBe('COMPLETED');
    expect(userId).toBe(encodeId('User', world.erased[gone][0] ?? ''));
    expect(Object.fromEntries(inventory.map(({ kind, count }) => [kind, count]))).toEqual(inventories[gone]);
  });

  test('the trail keeps every row about it, without values', async () => {
    const { prisma } = app.database;
    const about = { where: { subjectId: { in: [...world.erased[gone]] } } };
    const before = await prisma.auditEvent.count(about);
    await erase(client(), call());
    const trail = await prisma.auditEvent.findMany(about);
    expect(before).toBeGreaterThan(0);
    expect(trail).toHaveLength(before + 2 * world.erased[gone].length);
    for (const wanted of ['user.delete', 'user.erase'])
      expect(trail.filter(({ action }) => action === wanted)).toHaveLength(world.erased[gone].length);
    for (const { action, changes } of trail) expect(changes, action).toBeNull();
  });

  test('its login names are free again', async () => {
    await erase(client(), call());
    const [username, email] = [
      traces[gone].find((text) => text.endsWith('-name')),
      traces[gone].find((text) => text.includes('@')),
    ];
    expect(await ask(world.clients.root, 'createUser(input: $input)', { input: { username, email } })).toBe(
      'ok',
    );
  });
});

test('the test looks into every table of the database', async () => {
  const tables = await tablesOf(app.database);
  const filled = new Set((await readEverything(app.database)).map(({ table }) => table));
  expect(tables.filter((table) => !filled.has(table)).sort()).toEqual(['erasure_owners', 'erasures']);
  expect((await readJobs(app.database)).length).toBeGreaterThan(0);
});

test('of who deletes itself, the trail keeps neither address nor program', async () => {
  await erase(world.clients.ada, 'deleteMe');
  const trail = await app.database.prisma.auditEvent.findMany({ where: { actorId: world.ids.ada } });
  expect(trail.length).toBeGreaterThan(2);
  for (const { action, ipAddress, userAgent } of trail) {
    expect({ action, ipAddress, userAgent }).toEqual({ action, ipAddress: null, userAgent: null });
  }
});

test('of what the deleted did to others, the trail keeps the values, and not where the deleted was', async () => {
  const { prisma } = app.database;
  const input = { name: 'Renamed by Root' };
  const update = { id: globalId('grace'), input };
  expect(await ask(world.clients.root, 'updateUser(id: $id, input: $input)', update)).toBe('ok');
  await erase(world.clients.root, 'deleteMe');
  const event = await prisma.auditEvent.findFirst({
    where: { subjectId: world.ids.grace, action: 'user.update' },
    orderBy: { sequence: 'desc' },
  });
  expect(event).toMatchObject({ actorId: world.ids.root, ipAddress: null, userAgent: null });
  expect(event?.changes).toEqual({ name: { before: 'Grace', after: 'Renamed by Root' } });
});

test('an account that is deleted twice at once is deleted once', async () => {
  const call = 'deleteUser(id: $id)';
  const id = { id: globalId('ada') };
  const outcomes = await Promise.all([
    ask(world.clients.root, call, id),
    ask(world.clients.root, call, id),
    ask(world.clients.ada, 'deleteMe'),
  ]);
  expect(
    outcomes.filter((outcome) => outcome === 'ok'),
    outcomes.join(),
  ).toHaveLength(1);
  for (const outcome of outcomes) expect(outcome).toMatch(/^(ok|NOT_FOUND|UNAUTHENTICATED)/);
  expect(await app.database.prisma.erasure.count()).toBe(1);
});

test('a user that is created under a manager while that one is deleted does not outlive it', async () => {
  await Promise.all([
    ask(world.clients.ada, 'deleteMe'),
    ask(world.clients.ada, 'createManagedUser(input: $input)', { input: { firstName: 'Late' } }),
  ]);
  expect(await app.database.prisma.user.count({ where: { firstName: 'Late' } })).toBe(0);
});

test('a refused deletion deletes nothing', async () => {
  const rows = collectRows();
  rows.organization('Alone', [[world.ids.ada, 'OWNER']]);
  await rows.write(app.database);
  const before = await readEverything(app.database);
  expect(await ask(world.clients.ada, 'deleteMe')).toBe('LAST_OWNER');
  expect((await readEverything(app.database)).map(toText).sort()).toEqual(before.map(toText).sort());
});

/** But for when an event was published, which tells nothing of anybody. */
const toText = ({ table, text }: Row) =>
  `${table} ${text.replace(/"published_at": (null|"[^"]*")/, '"published_at": …')}`;

function tablesWith(rows: readonly Row[], text: string): string[] {
  const lower = text.toLowerCase();
  const found = rows.filter((row) => row.text.toLowerCase().includes(lower)).map(({ table }) => table);
  return [...new Set(found)];
}
