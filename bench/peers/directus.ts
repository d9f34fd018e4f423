/** Directus on the same tables: over REST, and over GraphQL. */
import { plainRows } from '../directus/answers.ts';
import { prepareDatabase, readSettings } from '../directus/database.ts';
import { folder, program } from '../directus/settings.ts';
import type { BenchAccount, Call, Peer, Running, StartOptions, Work, WorkName } from '../peer.ts';
import { startNode } from '../processes.ts';
import { ensurePackages } from './packages.ts';

type DirectusWork = 'me' | 'users' | 'node';
const works: readonly WorkName[] = ['me', 'users', 'node'] satisfies DirectusWork[];

async function prepare({ databaseUrl }: { databaseUrl: string }): Promise<void> {
  ensurePackages(folder);
  await prepareDatabase(databaseUrl);
}

async function start(name: string, { env, ...options }: StartOptions): Promise<Running> {
  await prepare(options);
  const settings = { ...(await readSettings(options.databaseUrl)), ...env };
  return startNode({
    ...options,
    name,
    script: [program, 'start'],
    cwd: folder,
    readyPath: '/server/ping',
    env: settings,
  });
}

const columns = 'id,username,name,first_name,last_name,display_name,company,job_title,created_at,updated_at';
const organizationFields = 'organizations.organization_id.id,organizations.organization_id.name';
const inOrder = 'deep[organizations][_sort]=created_at';

const paths: Record<DirectusWork, (id: string) => string> = {
  me: (id) =>
    `/items/users/${id}?fields=id,name,emails.address,${organizationFields}&deep[emails][_filter][is_default][_eq]=true&${inOrder}`,
  users: () =>
    `/items/users?fields=${columns},${organizationFields}&${inOrder}&sort=-created_at,-id&limit=100`,
  node: (id) => `/items/users/${id}?fields=id,name,display_name`,
};

const organizations = 'organizations(sort: ["created_at"]) { organization_id { id name } }';
const documents: Record<DirectusWork, string> = {
  me: `query ($id: ID!) { users_by_id(id: $id) { id name emails(filter: { is_default: { _eq: true } }) { address } ${organizations} } }`,
  users: `{ users(sort: ["-created_at", "-id"], limit: 100) { ${columns.replaceAll(',', ' ')} ${organizations} } }`,
  node: 'query ($id: ID!) { users_by_id(id: $id) { id name display_name } }',
};

const restPeer: Peer = {
  name: 'Directus (REST)',
  works,
  prepare,
  start: (options) => start('Directus (REST)', options),
  call: ({ name }, account) => ({
    method: 'GET',
    path: paths[name as DirectusWork](account.id),
    headers: { authorization: `Bearer ${name === 'me' ? account.token : account.adminToken}` },
  }),
  normalize: ({ name }, body) => plainRows(name, JSON.parse(body).data),
};

/**
 * Directus makes a GraphQL schema for each user and keeps 100 by default: with more callers than that, it would do little
 * but make schemas. So no more than these call it, each asking for the account that is due.
 */
const graphCallers: string[] = [];
const mostGraphCallers = 90;

function graphCall({ name }: Work, { index, id, token, adminToken }: BenchAccount): Call {
  if (graphCallers.length < mostGraphCallers && !graphCallers.includes(token)) graphCallers.push(token);
  const caller = name === 'me' ? graphCallers[index % graphCallers.length] : adminToken;
  const variables = name === 'users' ? undefined : { id };
  return {
    method: 'POST',
    path: '/graphql',
    headers: { authorization: `Bearer ${caller}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: documents[name as DirectusWork], variables }),
  };
}

const graphPeer: Peer = {
  name: 'Directus (GraphQL)',
  works,
  prepare,
  start: (options) => start('Directus (GraphQL)', options),
  call: graphCall,
  normalize: ({ name }, body) => plainRows(name, Object.values(JSON.parse(body).data)[0]),
};

export const peers: readonly Peer[] = [restPeer, graphPeer];
