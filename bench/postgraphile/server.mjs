// PostGraphile as its documentation shows it: the Amber preset with the recommended simple names, on Node's own server.
// DATABASE_URL and PORT say where.
import './node20.mjs';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection';
import pg from 'pg';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { context } from 'postgraphile/grafast';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { extendSchema, gql, jsonPgSmartTags } from 'postgraphile/utils';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

const tokenStatement = {
  name: 'caller',
  text: `select u.id from api_tokens t join users u on u.id = t.user_id
    where t.token_hash = $1 and t.revoked_at is null and t.expires_at > now() and u.status = 'ACTIVE'`,
};

/** The id of the account that a request's token is of. Nobody else is answered. */
async function callerOf(authorization = '') {
  const token = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
  const hash = createHash('sha256').update(token).digest();
  const { rows } = await pool.query({ ...tokenStatement, values: [hash] });
  if (rows.length === 0) throw new Error('Sign in first.');
  return rows[0].id;
}

const mePlugin = extendSchema((build) => {
  const { users } = build.input.pgRegistry.pgResources;
  return {
    typeDefs: gql`
      extend type Query {
        me: User
      }
    `,
    objects: {
      Query: {
        plans: {
          me: () => users.get({ id: context().get('callerId') }),
        },
      },
    },
  };
});

/** By default, only columns that an index begins with can be a condition. */
const conditionPlugin = jsonPgSmartTags({
  version: 1,
  config: { attribute: { 'emails.is_default': { tags: { behavior: ['+filterBy'] } } } },
});

const preset = {
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
  plugins: [mePlugin, conditionPlugin],
  pgServices: [makePgService({ pool, schemas: ['public'] })],
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false },
  grafast: {
    async context(request) {
      return { callerId: await callerOf(request.node?.req.headers.authorization) };
    },
  },
};

const serv = postgraphile(preset).createServ(grafserv);
const server = createServer();
await serv.addTo(server);
await serv.ready();
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
process.once('SIGTERM', () => process.exit(0));
