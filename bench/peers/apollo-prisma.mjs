/** Apollo Server over Prisma, as the first pages of both documentations have it. */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { typeDefs } from './shared/graph.mjs';
import { authenticate } from './shared/prisma.mjs';
import { resolvers } from './shared/prisma-resolvers.mjs';

const server = new ApolloServer({ typeDefs, resolvers });
await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT) },
  context: async ({ req }) => ({ caller: await authenticate(req.headers.authorization) }),
});
