/** What must not compile in a dialect. Nothing here runs: `npm run typecheck` fails where an error does not come. */
import { z } from 'zod';
import { route, type View } from '../../src/rest/dialect.ts';

const Account = z.object({
  id: z.string(),
  name: z.string().nullable(),
  nickname: z.string().optional(),
  emails: z.array(z.object({ address: z.string(), note: z.string().optional() })),
});
type AccountView = View<typeof Account>;

const email = { address: 'a@example.com', note: undefined };
const whole = { id: '1', name: null, nickname: undefined, emails: [email] };

export const complete: AccountView = whole;

// @ts-expect-error a required field is forgotten
export const withoutName: AccountView = { id: '1', nickname: undefined, emails: [email] };

// @ts-expect-error an optional field is forgotten: it must be said that it has no value
export const withoutNickname: AccountView = { id: '1', name: null, emails: [email] };

// @ts-expect-error an optional field of an inner object is forgotten
export const withoutNote: AccountView = { ...whole, emails: [{ address: 'a@example.com' }] };

// @ts-expect-error the schema has no such field, so it would be told by mistake
export const withPassword: AccountView = { ...whole, password: 'secret' };

// @ts-expect-error an inner object has no such field
export const withVerified: AccountView = { ...whole, emails: [{ ...email, verified: true }] };

// @ts-expect-error the schema has no null for the id
export const withNullId: AccountView = { ...whole, id: null };

// @ts-expect-error what may be absent may not be null
export const withNullNickname: AccountView = { ...whole, nickname: null };

// @ts-expect-error what may be null may not be absent
export const withUndefinedName: AccountView = { ...whole, name: undefined };

const about = {
  path: '/accounts/{id}',
  operationId: 'getAccount',
  summary: 'Get an account',
  description: 'An account.',
  evidence: 'assumed',
} as const;
const content = { status: 200, description: 'The account.', body: Account, evidence: 'assumed' } as const;
const nothing = { status: 204, description: 'Done.', body: null, evidence: 'assumed' } as const;
const params = z.object({ id: z.string() });

export const good = route({
  ...about,
  method: 'GET',
  params,
  query: z.object({ limit: z.string().transform(Number) }),
  success: content,
  handle: async (_, { params: { id }, query: { limit } }) => ({ ...whole, id: id.slice(limit) }),
});

export const silent = route({
  ...about,
  method: 'GET',
  success: content,
  // @ts-expect-error content is declared, and none is answered
  handle: async () => undefined,
});

export const forgetful = route({
  ...about,
  method: 'GET',
  success: content,
  // @ts-expect-error the answer lacks what is declared
  handle: async () => ({ id: '1' }),
});

export const talkative = route({
  ...about,
  method: 'DELETE',
  success: nothing,
  // @ts-expect-error no content is declared, and some is answered
  handle: async () => whole,
});

export const undeclaredParameter = route({
  ...about,
  method: 'GET',
  params,
  success: content,
  // @ts-expect-error the path has no such parameter
  handle: async (_, { params: { userId } }) => ({ ...whole, id: userId }),
});

export const undeclaredQuery = route({
  ...about,
  method: 'GET',
  query: z.object({ limit: z.string() }),
  success: content,
  // @ts-expect-error the query has no such key
  handle: async (_, { query: { offset } }) => ({ ...whole, id: offset }),
});

export const noQuery = route({
  ...about,
  method: 'GET',
  success: content,
  // @ts-expect-error no query is declared
  handle: async (_, { query: { limit } }) => ({ ...whole, id: limit }),
});

export const untransformed = route({
  ...about,
  method: 'GET',
  query: z.object({ limit: z.string().transform(Number) }),
  success: content,
  // @ts-expect-error the handler gets what the schema makes: a number
  handle: async (_, { query: { limit } }) => ({ ...whole, id: limit.trim() }),
});

export const undeclaredBody = route({
  ...about,
  method: 'PATCH',
  json: z.object({ name: z.string() }),
  success: content,
  // @ts-expect-error the body has no such key
  handle: async (_, { body: { isSuperuser } }) => ({ ...whole, name: isSuperuser }),
});

export const otherForm = route({
  ...about,
  method: 'PATCH',
  json: z.object({ name: z.string() }),
  // @ts-expect-error both kinds of body must give the same input
  form: z.object({ name: z.number() }),
  success: nothing,
  handle: async () => {},
});

export const failureAsSuccess = route({
  ...about,
  method: 'GET',
  // @ts-expect-error an error is thrown, and told by `fail`: no route answers it itself
  success: { ...content, status: 404 },
  handle: async () => whole,
});
