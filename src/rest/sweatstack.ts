/** SweatStack's API of users: the caller, the users it manages, and those who share with it. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { createManagedUser } from '../domain/account-creation.ts';
import { accountSelect } from '../domain/accounts.ts';
import { requireUser } from '../domain/caller.ts';
import { type Disclosed, disclose, type RowOf } from '../domain/disclosure.ts';
import { requireUuid } from '../domain/ids.ts';
import { deleteManagedUser, findManagedUser, updateManagedUser } from '../domain/managed-users.ts';
import { scopesOver } from '../domain/policy.ts';
import { listRelatedUsers } from '../domain/user-arrays.ts';
import { type ErrorStatus, NotFoundError, UnauthenticatedError } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { errorHeaders } from '../http/error-response.ts';
import { bearer, cookie } from './credentials.ts';
import { defineDialect, type Failure, route, type View } from './dialect.ts';
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

const PrincipalToken = z.object({
  access_token: z.string().describe('The credential that the request came with.'),
  refresh_token: z.string().describe('Empty: sessions are not refreshed yet.'),
});

// Views

const select = {
  ...accountSelect,
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
  401: assumed('There is no credential, or it is no longer good.'),
  403: assumed(
    'The caller, or its token, may not do this. (Without a bearer token, too, when the server is set to answer as older FastAPI does.)',
  ),
  404: { description: 'The caller manages no such user.', body: Detail, evidence: 'observed' },
  405: assumed('The path answers other methods.'),
  413: assumed('The request body is too large.'),
  422: {
    description: 'The request does not fit its schema.',
    body: HTTPValidationError,
    evidence: 'documented',
  },
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
  409: 422,
  413: 413,
  415: 422,
  422: 422,
  429: 429,
  500: 500,
  503: 503,
};

const fieldNames = { firstName: 'first_name', lastName: 'last_name' };

// Routes

const disclosed = (context: Context, user: User) => disclose(context.actor, select, user);

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
    PrincipalToken,
    HTTPValidationError,
    ValidationError,
    Detail,
  },
  security: {
    HTTPBearer: { type: 'http', scheme: 'bearer' },
    token: { type: 'apiKey', in: 'cookie', name: 'token' },
  },
  parameters: [
    {
      name: 'refreshed-token',
      in: 'header',
      description: 'Taken and not used: sessions are not refreshed yet.',
      required: false,
      schema: { type: 'string' },
    },
  ],
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
      json: ManagedUserCreate,
      example: { first_name: 'Sam', last_name: null },
      success: { status: 200, description: 'The managed user.', body: UserResponse, evidence: 'documented' },
      failures: { 422: 'documented' },
      async handle(context, { body }) {
        const user = await createManagedUser(context, toInput(body), { select });
        return userView(disclosed(context, user));
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/users/{user_id}',
      operationId: 'getManagedUser',
      summary: 'Get a managed user',
      description: 'A user that the caller manages.',
      evidence: 'documented',
      params: userParams,
      success: { status: 200, description: 'The managed user.', body: UserResponse, evidence: 'observed' },
      failures: { 404: 'observed', 422: 'documented' },
      async handle(context, { params }) {
        const user = await findManagedUser(context, userId(params), { select });
        if (user === null) throw new NotFoundError(['id']);
        return userView(disclosed(context, user));
      },
    }),
    route({
      method: 'PUT',
      path: '/api/v1/users/{user_id}',
      operationId: 'updateManagedUser',
      summary: 'Update a managed user',
      description: 'Changes the names of a user that the caller manages.',
      evidence: 'documented',
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
      async handle(context, { params, body }) {
        const user = await updateManagedUser(
          context,
          { id: userId(params), input: toInput(body) },
          { select },
        );
        return userView(disclosed(context, user));
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
      params: userParams,
      success: { status: 200, description: 'The user is deleted.', body: z.null(), evidence: 'assumed' },
      failures: { 404: 'observed', 422: 'documented' },
      async handle(context, { params }) {
        await deleteManagedUser(context, userId(params));
        return null;
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/oauth/principal-token',
      operationId: 'getPrincipalToken',
      summary: 'Get the token of the principal',
      description: 'The token of the caller itself, which the SDK asks for before it lists users.',
      evidence: 'observed',
      success: { status: 200, description: 'The token.', body: PrincipalToken, evidence: 'observed' },
      async handle(context, { credential }) {
        requireUser(context);
        return { access_token: credential ?? '', refresh_token: '' };
      },
    }),
  ],
  differences: [
    'Superusers, too, may read, change and delete managed users, as in the graph.',
    'Tokens are opaque, and no JWTs. `refresh_token` is empty and `refreshed-token` not used, since sessions are not refreshed yet.',
    'An id that is no UUID is 404; 422 is for one that is no UTF-8.',
    '`display_name` is the name that the account gave itself, where it has one; else first and last name, or the one of them.',
    'A delete answers `null`: what the vendor answers is not known.',
  ],
  absent: [
    { operation: 'GET /oauth/authorize', reason: 'The OAuth2 provider is not there yet.' },
    { operation: 'POST /api/v1/oauth/token', reason: 'The OAuth2 provider is not there yet.' },
    { operation: 'POST /api/v1/oauth/delegated-token', reason: 'Delegation is not there yet.' },
    { operation: 'GET /api/v1/oauth/userinfo', reason: 'The OAuth2 provider is not there yet.' },
  ],
  credential: (request) => bearer(request) ?? cookie(request, 'token'),
  fail(error, { settings }) {
    if (error instanceof UnauthenticatedError && error.isMissing) {
      const status = settings.missingBearerStatus;
      return {
        status,
        body: { detail: 'Not authenticated' },
        headers: status === 401 ? errorHeaders(error) : {},
      };
    }
    const status = statuses[error.status];
    const detail = status === 422 ? validationErrors(error, fieldNames) : frameworkDetail(error);
    return { status, body: { detail }, headers: errorHeaders(error) };
  },
});
