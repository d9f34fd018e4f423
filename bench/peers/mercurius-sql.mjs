/** Mercurius with its compiler of queries (JIT) over SQL by hand: prepared statements, and a loader for the relation. */
import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';
import { requireCaller, requireSuperuser, typeDefs } from './shared/graph.mjs';
import { decodeId, encodeId } from './shared/ids.mjs';
import { hashOfToken } from './shared/tokens.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const columns = `u.id, u.username, u.name, u.first_name AS "firstName", u.last_name AS "lastName",
  u.display_name AS "displayName", u.company, u.job_title AS "jobTitle", u.version,
  u.created_at AS "createdAt", u.updated_at AS "updatedAt"`;
const statements = {
  caller: `SELECT u.id AS "userId", u.is_superuser AS "isSuperuser" FROM api_tokens t JOIN users u ON u.id = t.user_id
    WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND t.expires_at > now() AND u.status = 'ACTIVE'`,
  me: `SELECT ${columns}, e.address AS email FROM users u LEFT JOIN emails e ON e.user_id = u.id AND e.is_default
    WHERE u.id = $1`,
  users: `SELECT ${columns} FROM users u WHERE u.kind <> 'INTERNAL' AND u.status <> 'DELETING'
    ORDER BY u.created_at DESC, u.id DESC LIMIT $1`,
  node: `SELECT ${columns} FROM users u WHERE u.id = $1`,
  update: `UPDATE users u SET job_title = $2, version = version + 1, updated_at = now() WHERE u.id = $1 RETURNING ${columns}`,
  organizations: `SELECT m.user_id AS "userId", o.id, o.name FROM memberships m JOIN organizations o ON o.id = m.organization_id
    WHERE m.user_id = ANY ($1::uuid[]) ORDER BY m.created_at, m.organization_id`,
};
const rows = async (name, values) => (await pool.query({ name, text: statements[name], values })).rows;

const resolvers = {
  Query: {
    me: async (_root, _args, context) => (await rows('me', [requireCaller(context).userId]))[0],
    users: async (_root, { first }, context) => {
      requireSuperuser(context);
      return { nodes: await rows('users', [Math.min(first, 100)]) };
    },
    node: async (_root, { id }, context) => {
      requireSuperuser(context);
      return (await rows('node', [decodeId(id)]))[0];
    },
  },
  Mutation: {
    updateMe: async (_root, { input }, context) => ({
      user: (await rows('update', [requireCaller(context).userId, input.jobTitle]))[0],
    }),
  },
  Node: { resolveType: () => 'User' },
  Organization: { id: ({ id }) => encodeId('org', id) },
  User: {
    id: ({ id }) => encodeId('user', id),
    createdAt: ({ createdAt }) => createdAt.toISOString(),
    updatedAt: ({ updatedAt }) => updatedAt.toISOString(),
  },
};

const loaders = {
  User: {
    organizations: {
      // Objects of a database are not worth being cached by their contents; the loader is of one request anyway.
      opts: { cache: false },
      loader: async (queries) => {
        const found = grouped(await rows('organizations', [queries.map(({ obj }) => obj.id)]));
        return queries.map(({ obj }) => ({ nodes: found.get(obj.id) ?? [] }));
      },
    },
  },
};

function grouped(all) {
  const byUser = new Map();
  for (const row of all) byUser.set(row.userId, [...(byUser.get(row.userId) ?? []), row]);
  return byUser;
}

const app = Fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  loaders,
  jit: 1,
  context: async ({ headers }) => {
    const hash = hashOfToken(headers.authorization);
    return { caller: hash === null ? null : ((await rows('caller', [hash]))[0] ?? null) };
  },
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
