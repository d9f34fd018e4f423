import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { schema } from '../../src/schema/index.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { type Path, pathsTo, toDocument, toText } from './paths.ts';
import { createPrivateWorld, type PrivateWorld, secrets } from './private-world.ts';
import {
  dataFields,
  type Entity,
  type FoundObject,
  links,
  objectsIn,
  privateFields,
  publicFields,
  readable,
  selections,
  toldFields,
} from './selections.ts';

// Every path to every private fact, for everybody who asks: thousands of queries.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

type Asker = keyof PrivateWorld['askers'];
type Secret = keyof typeof secrets;

const ofVera = [
  'username',
  'email',
  'phone',
  'metadata',
  'locale',
  'timeZone',
  'provider',
  'subject',
  'identityName',
  'identityEmail',
] as const;
const dataOfVera = ['collection'] as const; // the documents themselves cost too much for these walks

/** Whose private facts each asker may read, and which of the recognizable ones are public facts to it. */
const askers: readonly {
  asker: Asker;
  who: string;
  open?: (keyof PrivateWorld['users'])[];
  knows?: readonly Secret[];
  /** Whose data each may read, too, though not its other private facts. */
  reads?: (keyof PrivateWorld['users'])[];
}[] = [
  { asker: 'stranger', who: 'a stranger' },
  { asker: 'mate', who: 'a member of the same organization', open: ['mate', 'mateKid'] },
  {
    asker: 'owner',
    who: 'the owner of the same organization',
    open: ['owner', 'robot'],
    knows: ['robotEmail', 'robotMetadata', 'token'],
  },
  { asker: 'reader', who: 'one with whom data:read is shared', knows: dataOfVera, reads: ['vera'] },
  {
    asker: 'friend',
    who: 'one with whom data:read and profile are shared',
    open: ['vera'],
    knows: [...ofVera, ...dataOfVera],
  },
  { asker: 'formerFriend', who: 'one with whom data:read and profile were shared until now' },
  { asker: 'kidReader', who: 'one with whom a managed user shares data:read', knows: ['kidName'] },
  { asker: 'robotReader', who: 'one with whom a service account shares data:read' },
  { asker: 'organization', who: "the organization's own token" },
  {
    asker: 'veraWithoutProfile',
    who: "the person's own token without profile",
    knows: ['kidName', 'otherOrganization', ...dataOfVera],
    reads: ['vera'],
  },
  {
    asker: 'superuserWithoutProfile',
    who: "a superuser's token without profile",
    knows: ['kidName', 'botName', 'otherOrganization', ...dataOfVera],
    reads: ['vera'],
  },
];

let app: TestApp;
let world: PrivateWorld;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  world = await createPrivateWorld(app.database);
});
afterAll(() => app.close());

test('every field of User is known to be public or private', () => {
  const type = schema.getType('User') as { getFields(): object } | undefined;
  const known = [...publicFields, ...links, ...Object.keys(privateFields)];
  expect(Object.keys(type?.getFields() ?? {}).sort()).toEqual(known.sort());
});

test('a superuser finds every private fact on these paths, so that they can tell others', async () => {
  const { texts } = await walk('superuser', 1);
  const found = Object.entries(secrets).filter(([, text]) => texts.some((one) => one.includes(text)));
  expect(found.map(([name]) => name)).toEqual(Object.keys(secrets));
});

describe.each(askers)('$who', ({ asker, open = [], knows = [], reads = [] }) => {
  let met: Awaited<ReturnType<typeof walk>>;
  beforeAll(async () => {
    met = await walk(asker, 2);
  });

  test('reads no private field of others on any path', () => {
    const closed = new Set(
      Object.entries(world.users)
        .filter(([name]) => !open.includes(name as never))
        .map(([, id]) => id),
    );
    const openData = new Set(reads.map((name) => world.users[name]));
    const told = met.objects
      .filter(({ object }) => object.__typename === 'User' && closed.has(object.id))
      .flatMap(({ object, path }) =>
        toldFields(object)
          .filter((field) => !(dataFields.includes(field) && openData.has(object.id)))
          .map((field) => `${path}.${field}`),
      );
    expect(told).toEqual([]);
  });

  test('finds no private fact of others in any answer, its errors and cursors included', () => {
    const hidden = Object.entries(secrets).filter(([name]) => !knows.includes(name as Secret));
    const leaks = hidden.filter(([, text]) => met.texts.some((one) => one.includes(text)));
    expect(leaks.map(([name]) => name)).toEqual([]);
  });

  test('meets only what it also finds by id', async () => {
    const visible = await visibleIds(app.withToken(world.askers[asker]));
    const surprising = met.objects.filter(
      ({ object }) => !visible.has(object.id) && object.__typename !== 'ApiToken',
    );
    expect([
      ...new Set(surprising.map(({ path, object }) => `${path}: ${object.__typename} ${object.id}`)),
    ]).toEqual([]);
  });

  test('is never answered with a bug, and asks nothing that is refused unread', () => {
    const unread = /INTERNAL_SERVER_ERROR|INVALID_ARGUMENT|BAD_USER_INPUT|GRAPHQL_/;
    expect(met.texts.filter((text) => unread.test(text))).toEqual([]);
  });
});

describe('mutations', () => {
  test("a member's changes answer with no private fact of the others in its organization", async () => {
    const { objects, texts } = await walk('mate', 2, 'Mutation');
    expect(objects.length).toBeGreaterThan(100);
    expect(Object.values(secrets).filter((text) => texts.some((one) => one.includes(text)))).toEqual([]);
  });

  test('a token that may write but lacks profile reads no private field of what it wrote', async () => {
    const { objects } = await walk('veraWithoutProfile', 0, 'Mutation');
    const written = objects.filter(({ path }) => !path.startsWith('signIn'));
    expect(written.length).toBeGreaterThan(3);
    expect(
      written.flatMap(({ object, path }) =>
        toldFields(object)
          .filter((field) => !dataFields.includes(field)) // which are of another scope
          .map((field) => `${path}.${field}`),
      ),
    ).toEqual([]);
  });
});

/** Follows every path as one asker. */
async function walk(asker: Asker, hops: number, root: Path['root'] = 'Query') {
  const client = app.withToken(world.askers[asker]);
  const texts: string[] = [];
  const objects: { path: string; object: FoundObject }[] = [];
  const targets = Object.entries(selections) as [Entity, string][];
  for (const [target, selection] of targets) {
    const depth = target === 'User' ? hops : Math.min(hops, 1);
    for (const path of pathsTo(target, root, depth).filter((one) => !isRepeated(one) && !isTooWide(one))) {
      for (const args of argumentsOf(path, asker)) {
        const { text, data } = await client.send(toDocument(path, args, selection));
        texts.push(readable(text));
        objects.push(...objectsIn(data).map((object) => ({ path: toText(path), object })));
      }
    }
  }
  return { texts, objects };
}

/** `viewer.user` and `nodes` lead on to the same as `me` and `node`, which are walked one step only. */
function isRepeated({ field, steps }: Path): boolean {
  return ['me', 'node'].includes(field) && steps.some((step) => 'field' in step);
}

/** Sessions come without pages: behind another list they would be too many for one answer. */
function isTooWide({ field, steps }: Path): boolean {
  const names = steps.flatMap((step) => ('field' in step ? [step.field] : []));
  const isList = field === 'users' || field === 'managedUsers' || field === 'nodes';
  const before = names.slice(0, names.indexOf('sessions'));
  return names.includes('sessions') && (isList || before.some((name) => name.endsWith('s')));
}

/** The arguments with which a root field is asked, so that it finds the accounts with secrets. */
function argumentsOf({ field, steps, root }: Path, asker: Asker): string[] {
  const { users, organizations, tokens, records } = world;
  if (root === 'Mutation') return mutationArguments(asker)[field] ?? [];
  const [first] = steps;
  const type = first && 'on' in first ? first.on : 'User';
  const ids = { User: users, Organization: organizations, ApiToken: tokens, DataRecord: records }[
    type as Entity | 'DataRecord'
  ];
  const all = JSON.stringify(Object.values(ids));
  const known: Record<string, string[]> = {
    me: [''],
    viewer: [''],
    node: [`id: "${Object.values(ids)[0]}"`],
    nodes: [`ids: ${all}`],
    organization: [`id: "${organizations.organization}"`],
    dataRecord: [`id: "${records.vera}"`],
    user: [`by: { id: "${users.vera}" }`, `by: { id: "${users.kid}" }`, `by: { id: "${users.robot}" }`],
    users: ['first: 10, orderBy: { field: NAME }'],
    managedUser: [`id: "${users.kid}"`, `id: "${users.mateKid}"`],
    managedUsers: ['first: 5'],
    auditEvents: ['first: 5'],
    webhooks: ['first: 5'],
    explainAccess: [`userId: "${users.vera}", action: READ_PRIVATE`],
  };
  const found = known[field];
  if (found === undefined) throw new Error(`the test does not know how to ask for ${field}`);
  return found;
}

function mutationArguments(asker: Asker): Record<string, string[]> {
  const [self, kid] =
    asker === 'mate' ? [world.users.mate, world.users.mateKid] : [world.users.vera, world.users.kid];
  return {
    completeOnboarding: [''],
    createDataRecord: ['input: { collection: "new", data: {} }'],
    signIn: ['input: { login: "mate", password: "correct horse" }'],
    updateMe: ['input: {}'],
    updateUser: [`id: "${self}", input: {}`, `id: "${world.users.robot}", input: {}`],
    updateManagedUser: [`id: "${kid}", input: {}`],
    createUser: ['input: { username: "new" }'],
    createManagedUser: ['input: { firstName: "New", metadata: { a: 1 }, locale: "en" }'],
    createServiceAccount: [`input: { name: "New", organizationId: "${world.organizations.organization}" }`],
    createApiToken: ['input: { name: "New", scopes: [] }'],
    shareAccess: [`input: { granteeId: "${world.users.nameless}", scopes: [DATA_READ] }`],
    delegatedToken: [`input: { userId: "${kid}" }`],
    revokeApiToken: [`id: "${world.tokens.mate}"`, `id: "${world.tokens.vera}"`],
  };
}

/** Everything in the database that `nodes` finds for a client. */
async function visibleIds(client: Client): Promise<ReadonlySet<string>> {
  const { prisma } = app.database;
  const [users, organizations] = await Promise.all([
    prisma.user.findMany({ select: { id: true } }),
    prisma.organization.findMany({ select: { id: true } }),
  ]);
  const ids = [
    ...users.map(({ id }) => encodeId('User', id)),
    ...organizations.map(({ id }) => encodeId('Organization', id)),
  ];
  const { nodes } = await client.run<{ nodes: ({ id: string } | null)[] }, object>(
    'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    { ids },
  );
  return new Set(nodes.flatMap((node) => (node === null ? [] : [node.id])));
}
