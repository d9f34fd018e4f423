/** Mercurius with its compiler of queries (JIT) over Prisma. */
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { typeDefs } from './shared/graph.mjs';
import { authenticate } from './shared/prisma.mjs';
import { resolvers } from './shared/prisma-resolvers.mjs';

const { Node, ...others } = resolvers;
const app = Fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers: { ...others, Node: { resolveType: Node.__resolveType } },
  jit: 1,
  context: async (request) => ({ caller: await authenticate(request.headers.authorization) }),
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
