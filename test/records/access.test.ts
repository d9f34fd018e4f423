/** Who may do what with whose data: the same in the graph and in REST. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { requestError } from '../policy/ask.ts';
import { createFingerprint, type Fingerprint } from '../policy/database-text.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type Actor, createWorld, issuer, type Subject, secretOf, type World } from './world.ts';

let app: TestApp;
let world: World;
let fingerprint: () => Promise<Fingerprint>;
let isChanged = true;
beforeAll(async () => {
  app = await openTestApp({ seed: false, env: { PUBLIC_URL: issuer } });
  fingerprint = await createFingerprint(app.database);
});
beforeEach(async () => {
  if (isChanged) world = await createWorld(app.database);
  isChanged = false;
});
afterAll(() => app.close());

/**
 * A row is what is done with whose data, a column is who does it: the person itself (also by a token that has no scope for
 * data), its manager, those with whom it shares data:read, data:write or its profile alone, a stranger, a member and an
 * admin of its organization, a superuser (also by a token without admin), its organization's program and token, those who
 * act for the managed user by managing it and by a share of data:read, and the organization's capabilities.
 */
const table = `
                 anon self narrow mngr read write prof strng mate admin super weak robot org  deleg lent  cap   orgcap
list person      401  ok   scope  404  ok   403   403  404   403  403   ok    404  403   403  404   404   403   403
read person      401  ok   scope  404  ok   403   404  404   404  404   ok    404  404   404  404   404   404   404
create person    401  ok   scope  404  403  ok    403  404   403  403   ok    404  403   403  404   404   403   403
import person    401  ok   scope  404  403  ok    403  404   403  403   ok    404  403   403  404   404   403   403
replace person   401  ok   scope  404  403  ok    404  404   404  404   ok    404  404   404  404   404   404   404
delete person    401  ok   scope  404  403  ok    404  404   404  404   ok    404  404   404  404   404   404   404
list managed     401  404  404    ok   ok   403   403  404   404  404   ok    404  404   404  ok    ok    404   404
read managed     401  404  404    ok   ok   403   404  404   404  404   ok    404  404   404  ok    ok    404   404
create managed   401  404  404    ok   403  ok    403  404   404  404   ok    404  404   404  ok    scope 404   404
import managed   401  404  404    ok   403  ok    403  404   404  404   ok    404  404   404  ok    scope 404   404
replace managed  401  404  404    ok   403  ok    404  404   404  404   ok    404  404   404  ok    scope 404   404
delete managed   401  404  404    ok   403  ok    404  404   404  404   ok    404  404   404  ok    scope 404   404
list robot       401  403  403    404  404  404   404  404   403  ok    ok    404  ok    403  404   404   ok    403
read robot       401  404  404    404  404  404   404  404   404  ok    ok    404  ok    404  404   404   ok    404
create robot     401  403  403    404  404  404   404  404   403  ok    ok    404  ok    403  404   404   scope 403
import robot     401  403  403    404  404  404   404  404   403  ok    ok    404  ok    403  404   404   scope 403
replace robot    401  404  404    404  404  404   404  404   404  ok    ok    404  ok    404  404   404   scope 404
delete robot     401  404  404    404  404  404   404  404   404  ok    ok    404  ok    404  404   404   scope 404
`;

const columns: Record<string, Actor> = {
  anon: 'anonymous',
  self: 'self',
  narrow: 'self, by a token without data',
  mngr: 'manager',
  read: 'reader',
  write: 'writer',
  prof: 'one who shares the profile',
  strng: 'stranger',
  mate: 'mate',
  admin: 'who runs the organization',
  super: 'superuser',
  weak: 'superuser without admin',
  robot: 'robot',
  org: "the organization's token",
  deleg: 'delegate of the managed',
  lent: 'delegate who reads',
  cap: 'capability of the robot',
  orgcap: 'capability of the organization',
};

const outcomes: Record<string, string> = {
  ok: 'ok',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  scope: 'INSUFFICIENT_SCOPE',
};

type Action = keyof typeof viaGraph;

/** What is asked for in REST. */
const viaRest: Record<Action, (subject: Subject) => [method: string, path: string, body?: string]> = {
  list: (subject) => ['GET', `/v1/users/${world.ids[subject]}/records`],
  read: (subject) => ['GET', pathOf(subject)],
  create: (subject) => ['POST', `/v1/users/${world.ids[subject]}/records`, '{"collection":"new","data":{}}'],
  import: (subject) => [
    'POST',
    `/v1/users/${world.ids[subject]}/records/import`,
    '{"collection":"new","data":{}}\n',
  ],
  replace: (subject) => ['PUT', pathOf(subject), '{"data":{"replaced":true}}'],
  delete: (subject) => ['DELETE', pathOf(subject)],
};
const pathOf = (subject: Subject) => `/v1/users/${world.ids[subject]}/records/${world.records[subject]}`;

/** The same in the graph. */
const viaGraph = {
  list: (userId: string) =>
    `{ access: explainAccess(userId: "${userId}", action: READ_DATA) { code }
       found: user(by: { id: "${userId}" }) { viewerCanReadData dataCollections { name } dataRecords { totalCount nodes { data } } } }`,
  read: (_userId: string, id: string) => `{ found: dataRecord(id: "${id}") { data } }`,
  create: (userId: string) =>
    `mutation { found: createDataRecord(input: { userId: "${userId}", collection: "new", data: {} }) { __typename ...on Error { code } } }`,
  import: (userId: string) =>
    `mutation { found: importDataRecords(input: { userId: "${userId}", lines: "{\\"collection\\":\\"new\\",\\"data\\":{}}" }) { __typename ...on Error { code } } }`,
  replace: (_userId: string, id: string) =>
    `mutation { found: replaceDataRecord(id: "${id}", input: { data: { replaced: true } }) { __typename ...on Error { code } } }`,
  delete: (_userId: string, id: string) =>
    `mutation { found: deleteDataRecord(id: "${id}") { __typename ...on Error { code } } }`,
};

async function askGraph(action: Action, subject: Subject, secret: string | null) {
  const document = viaGraph[action](world.globalIds[subject], encodeId('DataRecord', world.records[subject]));
  const { data, errors, text } = await app.withToken(secret).send<Graph, object>(document);
  return { outcome: errors[0] ? requestError(errors[0]) : outcomeOf(data), text };
}

interface Graph {
  readonly access?: { readonly code: string | null } | null;
  readonly found: {
    readonly code?: string;
    readonly viewerCanReadData?: boolean;
    readonly dataRecords?: { readonly totalCount: number };
    readonly dataCollections?: readonly object[] | null;
  } | null;
}

function outcomeOf({ access, found }: Graph): string {
  if (found === null) return 'NOT_FOUND';
  if (found.viewerCanReadData === undefined) return found.code ?? 'ok';
  const isListed = found.viewerCanReadData;
  expect([found.dataRecords?.totalCount, found.dataCollections?.length]).toEqual(
    isListed ? [1, 1] : [0, undefined],
  );
  return access?.code ?? (isListed ? 'ok' : 'hidden, but allowed');
}

async function askRest(action: Action, subject: Subject, secret: string | null) {
  const [method, path, body] = viaRest[action](subject);
  const type = action === 'import' ? 'application/x-ndjson' : 'application/json';
  const answer = await app.call(method, path, {
    token: secret,
    ...(body !== undefined && { body, headers: { 'content-type': type } }),
  });
  return { outcome: answer.body?.error?.code ?? 'ok', text: answer.text };
}

const [heading = '', ...lines] = table.trim().split('\n');
const cases = lines.flatMap((line) => {
  const [action = '', subject = '', ...cells] = line.trim().split(/\s+/);
  const names = heading.trim().split(/\s+/);
  return names.map((name, index) => ({
    action: action as Action,
    subject: subject as Subject,
    actor: columns[name] as Actor,
    outcome: outcomes[cells[index] ?? ''] ?? 'no such outcome',
  }));
});

describe.each([
  ['the graph', askGraph],
  ['REST', askRest],
] as const)('in %s', (_, asking) => {
  test.each(cases)('$action of $subject by $actor: $outcome', async ({ action, subject, actor, outcome }) => {
    const before = await fingerprint();
    const answer = await asking(action, subject, world.secrets[actor]);
    isChanged = outcome === 'ok' && !['list', 'read'].includes(action);
    expect(answer.outcome, answer.text).toBe(outcome);
    const isTold = outcome === 'ok' && ['list', 'read'].includes(action);
    expect(answer.text.includes(secretOf(subject))).toBe(isTold);
    const after = await fingerprint();
    if (isChanged) expect(after).not.toEqual(before);
    else expect(after).toEqual(before);
  });
});

test('another account in the path of a record finds nothing, though one may read both', async () => {
  const { ids, records, secrets } = world;
  const token = secrets.superuser;
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const before = await fingerprint();
    const path = `/v1/users/${ids.managed}/records/${records.person}`;
    const init = method === 'PUT' ? { token, json: { data: {} } } : { token };
    const { status, text } = await app.call(method, path, init);
    expect([status, text.includes('NOT_FOUND')]).toEqual([404, true]);
    expect(await fingerprint()).toEqual(before);
  }
});

test('a record of another tenant is not found under the own account, by its id in any form', async () => {
  const { records, secrets } = world;
  const token = secrets.stranger;
  const id = records.person;
  for (const form of [id, id.toUpperCase(), encodeId('DataRecord', id), `${id}%00`, 'me', '%']) {
    const { status } = await app.call('GET', `/v1/users/me/records/${form}`, { token });
    expect([form, [404, 422].includes(status)]).toEqual([form, true]);
  }
  const nodes = `{ nodes(ids: ["${encodeId('DataRecord', id)}"]) { id } node(id: "${encodeId('DataRecord', id)}") { id } }`;
  expect((await app.withToken(token).send(nodes)).data).toEqual({ nodes: [null], node: null });
});

test('no fact of a record can be found through the graph by who may not read it', async () => {
  const { globalIds, secrets } = world;
  const document = `{ user(by: { id: "${globalIds.person}" }) { viewerCanReadData viewerCanWriteData dataCollections { name count latest }
    dataRecords(filter: { collections: ["activities"] }) { totalCount pageInfo { startCursor hasNextPage } edges { cursor } } } }`;
  const { data } = await app.withToken(secrets.mate).send(document);
  expect(data).toEqual({
    user: {
      viewerCanReadData: false,
      viewerCanWriteData: false,
      dataCollections: null,
      dataRecords: { totalCount: 0, pageInfo: { startCursor: null, hasNextPage: false }, edges: [] },
    },
  });
});

test('the data of an account that is not active can be read by its manager, and not changed', async () => {
  const { ids, secrets } = world;
  isChanged = true;
  await app.database.prisma.user.update({ where: { id: ids.managed }, data: { status: 'SUSPENDED' } });
  const token = secrets.manager;
  expect((await askRest('list', 'managed', token)).outcome).toBe('ok');
  for (const action of ['create', 'import', 'replace', 'delete'] as const) {
    expect((await askRest(action, 'managed', token)).outcome).toBe('FORBIDDEN');
    expect((await askGraph(action, 'managed', token)).outcome).toBe('FORBIDDEN');
  }
});
