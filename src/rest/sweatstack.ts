/** SweatStack's API of users: the caller, the users it manages, and those who share with it. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { createManagedUser } from '../domain/account-creation.ts';
import { accountSelect } from '../domain/accounts.ts';
import { requireOwnUser } from '../domain/caller.ts';
import { type Disclosed, disclose, type RowOf } from '../domain/disclosure.ts';
import { requireUuid } from '../domain/ids.ts';
import { deleteManagedUser, findManagedUser, updateManagedUser } from '../domain/managed-users.ts';
import { scopesOver } from '../domain/policy.ts';
import { listRelatedUsers } from '../domain/user-arrays.ts';
import {
  BadHeaderError,
  type ErrorStatus,
  NotFoundError,
  OAuthError,
  UnauthenticatedError,
} from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { errorHeaders } from '../http/error-response.ts';
import { bearer, renewedWebSession, webSession } from './credentials.ts';
import { Answer, defineDialect, type Failure, route, type View } from './dialect.ts';
import {
  assumed,
  Detail,
  frameworkDetail,
  HTTPValidationError,
  queryBoolean,
  ValidationError,
  validationErrors,
  withDefault,
} from './fastapi.ts';
import { oauthRoutes, oauthSchemas } from './sweatstack-oauth.ts';
import { theAccount } from './validators.ts';

// What it accepts

const listQuery = z.object({
  include_managed: withDefault(queryBoolean(), true).describe(
    'Whether to list the users that the caller manages.',
  ),
  include_shared: withDefault(queryBoolean(), true).describe(
    'Whether to list the users that share with the caller.',
  ),
  name: z.string().optional().describe('A part of the display name, without regard to case.'),
});

const ManagedUserCreate = z.object({ first_name: z.string(), last_name: z.string().nullable() });

const ManagedUserUpdate = z
  .object({ first_name: z.string().nullish(), last_name: z.string().nullish() })
  .describe('What to change: a key that is not sent keeps its value; null, which only JSON has, clears it.');

const userParams = z.object({ user_id: z.string() });

// What it answers

const Scope = z.enum(['data:read', 'data:write', 'admin', 'openid', 'profile', 'offline_access']);

const UserSummary = z.object({
  id: z.string(),
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  scopes: z.array(Scope).describe('What the caller may do with the data of the user.'),
  display_name: z.string().meta({ readOnly: true }),
  is_managed: z.boolean().meta({ readOnly: true }),
});

const UserResponse = z.object({
  id: z.string(),
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  admin: z.boolean(),
  registered_at: z.iso.datetime(),
  display_name: z.string().meta({ readOnly: true }),
  is_managed: z.boolean().meta({ readOnly: true }),
});

const OAuthProblem = z
  .object({ error: z.string(), error_description: z.string() })
  .describe('What an OAuth2 request was refused for (RFC 6749).');

// Views

const select = {
  ...accountSelect,
  version: true,
  firstName: true,
  lastName: true,
  displayName: true,
  createdAt: true,
} as const satisfies Prisma.UserSelect;

type Row = Disclosed<RowOf<typeof select>>;

/** The caller itself and its managed users are listed with these; those who share, with what they granted. */
const defaultScopes: readonly string[] = ['data:read', 'data:write'];

function summaryView({ actor }: Pick<Context, 'actor'>, row: Row): View<typeof UserSummary> {
  const isOwn = row.id === actor.user?.id || row.managerId === actor.user?.id;
  const listed: readonly string[] = isOwn ? defaultScopes : Scope.options;
  const scopes = scopesOver(actor, row);
  return {
    id: row.id,
    first_name: row.firstName,
    last_name: row.lastName,
    scopes: Scope.options.filter((scope) => listed.includes(scope) && scopes.includes(scope)),
    display_name: row.displayName,
    is_managed: row.kind === 'MANAGED',
  };
}

function userView(row: Row): View<typeof UserResponse> {
  return {
    id: row.id,
    first_name: row.firstName,
    last_name: row.lastName,
    admin: row.isSuperuser,
    registered_at: row.createdAt.toISOString(),
    display_name: row.displayName,
    is_managed: row.kind === 'MANAGED',
  };
}

// Failures

const failures = {
  400: assumed(
    'A header cannot be read, or is not taken here. (Of an OAuth2 request: it cannot be granted.)',
    z.union([Detail, OAuthProblem]),
  ),
  401: assumed(
    'There is no credential, or it is no longer good. (Of an OAuth2 request: the client is unknown, or did not prove itself.)',
    z.union([Detail, OAuthProblem]),
  ),
  403: assumed(
    'The caller, or its token, may not do this. (Without a bearer token, too, when the server is set to answer as older FastAPI does.)',
  ),
  404: { description: 'The caller manages no such user.', body: Detail, evidence: 'observed' },
  405: assumed('The path answers other methods.'),
  412: assumed('The user is at another version than `If-Match` names; nothing was changed.'),
  413: assumed('The request body is too large.'),
  422: {
    description: 'The request does not fit its schema.',
    body: HTTPValidationError,
    evidence: 'documented',
  },
  428: assumed('This server wants `If-Match` with every change of a user.'),
  429: {
    description: 'There were too many requests; `Retry-After` says when to come back.',
    body: Detail,
    evidence: 'observed',
  },
  500: assumed('Something went wrong on the side of the server.'),
  503: assumed('The service cannot answer at the moment.'),
} satisfies Record<number, Failure>;

const statuses: Record<ErrorStatus, keyof typeof failures> = {
  400: 422,
  401: 401,
  403: 403,
  404: 404,
  405: 405,
  406: 422,
  409: 422,
  412: 412,
  413: 413,
  415: 422,
  422: 422,
  428: 428,
  429: 429,
  500: 500,
  503: 503,
};

const fieldNames = { firstName: 'first_name', lastName: 'last_name', userId: 'sub' };

// Routes

/** A delegate works with one user, and not with the list of them: of organizations' tokens the domain itself decides. */
function refuseDelegate(context: Context): void {
  if (context.actor.delegate) requireOwnUser(context);
}

const disclosed = (context: Context, user: User) => disclose(context.actor, select, user);

/** A user at its version: all of it is columns of the account, which show themselves to whoever may see it. */
function shown(context: Context, user: User) {
  const row = disclosed(context, user);
  return new Answer(userView(row), { shows: theAccount(row), isWhole: true, about: row.id });
}

const validator = { of: 'the user', isRevalidated: true };

const userId = ({ user_id }: z.infer<typeof userParams>) => requireUuid(user_id, ['id']);

const toInput = ({ first_name, last_name }: z.infer<typeof ManagedUserUpdate>) => ({
  firstName: first_name,
  lastName: last_name,
});

export const sweatstack = defineDialect({
  name: 'sweatstack',
  title: 'SweatStack',
  description: 'The caller, the users that it manages and those who share with it, as SweatStack tells them.',
  documentation: 'https://docs.sweatstack.no/learn/api-reference/',
  namespaces: ['/api/v1', '/oauth'],
  basePaths: { root: [''] },
  redirectsSlash: true,
  schemas: {
    UserSummary,
    UserResponse,
    Scope,
    ManagedUserCreate,
    Body_update_managed_user_api_v1_users__user_id__put: ManagedUserUpdate, // the name that generated clients know
    ...oauthSchemas,
    HTTPValidationError,
    ValidationError,
    Detail,
    OAuthProblem,
  },
  security: {
    HTTPBearer: { type: 'http', scheme: 'bearer' },
    token: { type: 'apiKey', in: 'cookie', name: 'token' },
  },
  parameters: [
    {
      name: 'refreshed-token',
      in: 'header',
      description: 'Taken and not used: the server itself renews the token of a web session.',
      required: false,
      schema: { type: 'string' },
    },
  ],
  occasionalHeaders: {
    'refreshed-token':
      'A new JWT, where that in the cookie `token` was over and the web session is not; it is in the renewed cookie, too.',
  },
  elsewhere: ['/oauth/authorize'],
  failures,
  everywhere: [401, 403, 413, 429, 500, 503],
  routes: [
    route({
      method: 'GET',
      path: '/api/v1/users/',
      operationId: 'listUsers',
      summary: 'List users',
      description:
        'The caller itself, then the users that it manages, then those who share with it: each with the scopes that the caller has over it.',
      evidence: 'documented',
      query: listQuery,
      success: { status: 200, description: 'The users.', body: z.array(UserSummary), evidence: 'documented' },
      failures: { 422: 'documented' },
      async handle(context, { query }) {
        refuseDelegate(context);
        const relations = [
          'SELF' as const,
          ...(query.include_managed ? (['MANAGED'] as const) : []),
          ...(query.include_shared ? (['SHARING'] as const) : []),
        ];
        const users = await listRelatedUsers(context, { relations, displayName: query.name }, { select });
        return users.map((user) => summaryView(context, disclosed(context, user)));
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/users/',
      operationId: 'createManagedUser',
      summary: 'Create a managed user',
      description: 'Makes a user that the caller manages. It cannot log in.',
      evidence: 'documented',
      replayAction: 'update',
      validator,
      json: ManagedUserCreate,
      example: { first_name: 'Sam', last_name: null },
      success: { status: 200, description: 'The managed user.', body: UserResponse, evidence: 'documented' },
      failures: { 404: 'assumed', 422: 'documented' },
      async handle(context, { body }) {
        refuseDelegate(context);
        const user = await createManagedUser(context, toInput(body), { select });
        return shown(context, user);
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/users/{user_id}',
      operationId: 'getManagedUser',
      summary: 'Get a managed user',
      description: 'A user that the caller manages.',
      evidence: 'documented',
      validator,
      params: userParams,
      success: { status: 200, description: 'The managed user.', body: UserResponse, evidence: 'observed' },
      failures: { 404: 'observed', 422: 'documented' },
      async handle(context, { params }) {
        refuseDelegate(context);
        const user = await findManagedUser(context, userId(params), { select });
        if (user === null) throw new NotFoundError(['id']);
        return shown(context, user);
      },
    }),
    route({
      method: 'PUT',
      path: '/api/v1/users/{user_id}',
      operationId: 'updateManagedUser',
      summary: 'Update a managed user',
      description: 'Changes the names of a user that the caller manages.',
      evidence: 'documented',
      validator,
      params: userParams,
      json: ManagedUserUpdate,
      form: ManagedUserUpdate,
      example: { first_name: 'Robin' },
      success: {
        status: 200,
        description: 'The managed user as it is now.',
        body: UserResponse,
        evidence: 'observed',
      },
      failures: { 404: 'observed', 422: 'documented' },
      async handle(context, { params, body, precondition }) {
        refuseDelegate(context);
        const id = userId(params);
        const input = { ...toInput(body), expects: precondition.expects('User', id) };
        const user = await updateManagedUser(context, { id, input }, { select });
        return shown(context, user);
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/users/{user_id}',
      operationId: 'deleteManagedUser',
      summary: 'Delete a managed user',
      description:
        'Deletes a user that the caller manages, and all its data: activities, traces and everything else.',
      evidence: 'documented',
      validator,
      params: userParams,
      success: { status: 200, description: 'The user is deleted.', body: z.null(), evidence: 'assumed' },
      failures: { 404: 'observed', 422: 'documented' },
      async handle(context, { params, precondition }) {
        refuseDelegate(context);
        const id = userId(params);
        await deleteManagedUser(context, { id, expects: precondition.expects('User', id) });
        return null;
      },
    }),
    ...oauthRoutes,
  ],
  differences: [
    'Superusers, too, may read, change and delete managed users, as in the graph.',
    'Opaque tokens of sessions and API tokens are taken as bearer tokens, too.',
    'A refresh token comes with `GET /api/v1/oauth/principal-token` only where the session may do no more than the request may; it is the same one until it is used. An API token has none, since it is exchanged itself.',
    'A delegated token may read and write data and read the profile, and never more than the token that asked for it; it ends with that.',
    'Ids of OAuth2 clients are UUIDs. Every client must use PKCE with S256.',
    'The server itself renews the JWT of a web session, by the cookie of its session, and answers with `refreshed-token`; a `refreshed-token` that is sent is not looked at.',
    'An id that is no UUID is 404; 422 is for one that is no UTF-8.',
    '`display_name` is the name that the account gave itself, where it has one; else first and last name, or the one of them.',
    'A delete answers `null`: what the vendor answers is not known.',
  ],
  absent: [
    {
      operation: 'GET /oauth/authorize',
      reason:
        'It is a page of the server itself, at `/oauth/authorize`; under a mount, the path leads there.',
    },
  ],
  credential: (request, now) => bearer(request) ?? webSession(request, now),
  renew: async (context, request) => (bearer(request) === null ? renewedWebSession(context, request) : []),
  fail(error, { settings }) {
    if (error instanceof OAuthError) {
      const body = { error: error.error, error_description: error.message };
      return { status: error.status, body, headers: errorHeaders(error) };
    }
    if (error instanceof UnauthenticatedError && error.isMissing) {
      const status = settings.missingBearerStatus;
      return {
        status,
        body: { detail: 'Not authenticated' },
        headers: status === 401 ? errorHeaders(error) : {},
      };
    }
    const status = error instanceof BadHeaderError ? 400 : statuses[error.status];
    const detail = status === 422 ? validationErrors(error, fieldNames) : frameworkDetail(error);
    return { status, body: { detail }, headers: errorHeaders(error) };
  },
});
