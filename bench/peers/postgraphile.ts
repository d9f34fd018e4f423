/** PostGraphile on the same tables. */

import { fileURLToPath } from 'node:url';
import type { Peer, Work, WorkName } from '../peer.ts';
import { startNode } from '../processes.ts';
import { ensurePackages } from './packages.ts';

const folder = fileURLToPath(new URL('../postgraphile', import.meta.url));
const works: readonly WorkName[] = ['me', 'users', 'node'];

// The graph names the columns `id` of the tables `rowId`: its own ids are of the whole graph, as the product's are.
const organizations = 'memberships(orderBy: CREATED_AT_ASC) { nodes { organization { id: rowId name } } }';
const documents: Record<string, string> = {
  me: `{ me { id: rowId name emails(condition: { isDefault: true }) { nodes { address } } ${organizations} } }`,
  users: `{ users(first: 100, orderBy: [CREATED_AT_DESC, PRIMARY_KEY_DESC]) { nodes { id: rowId username name firstName lastName displayName company jobTitle createdAt updatedAt ${organizations} } } }`,
  node: 'query ($id: ID!) { node(id: $id) { ... on User { id: rowId name displayName } } }',
};

interface User {
  readonly emails?: { readonly nodes: readonly { readonly address: string }[] };
  readonly memberships?: { readonly nodes: readonly { readonly organization: unknown }[] };
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

/** The same as the product says, which reaches organizations and the address without a table between. */
function plainUser({ emails, memberships, createdAt, updatedAt, ...rest }: User): unknown {
  return {
    ...rest,
    ...(emails && { email: emails.nodes[0]?.address ?? null }),
    ...(memberships && { organizations: memberships.nodes.map(({ organization }) => organization) }),
    ...(createdAt && { createdAt: new Date(createdAt).toISOString() }),
    ...(updatedAt && { updatedAt: new Date(updatedAt).toISOString() }),
  };
}

function normalize({ name }: Work, body: string): unknown {
  const said = JSON.parse(body).data[name];
  return name === 'users' ? said.nodes.map(plainUser) : plainUser(said);
}

export const peer: Peer = {
  name: 'PostGraphile',
  works,
  prepare: async () => ensurePackages(folder),
  start: async (options) => {
    ensurePackages(folder);
    return startNode({ ...options, name: 'PostGraphile', script: ['server.mjs'], cwd: folder });
  },
  call: ({ name }, { id, token, adminToken }) => ({
    method: 'POST',
    path: '/graphql',
    headers: {
      authorization: `Bearer ${name === 'me' ? token : adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      query: documents[name],
      variables: name === 'node' ? { id: nodeId(id) } : undefined,
    }),
  }),
  normalize,
};

const nodeId = (id: string) => Buffer.from(JSON.stringify(['User', id])).toString('base64');
