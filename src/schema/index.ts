/** The graph: each file defines one part of it. */
import './scalars.ts';
import './enums.ts';
import './errors.ts';
import './user.ts';
import './user-private.ts';
import './user-relations.ts';
import './user-list.ts';
import './user-mutations.ts';
import './managed-user.ts';
import './service-account.ts';
import './erasure.ts';
import './contact.ts';
import './session.ts';
import './organization.ts';
import './api-token.ts';
import './viewer.ts';
import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';

export const schema: GraphQLSchema = builder.toSchema();
