/** ZenML Pro's control-plane API: accounts, and signing in. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { accountSelect, refuseInternal } from '../domain/accounts.ts';
import { requireUser } from '../domain/caller.ts';
import { type Disclosed, disclose, type RowOf } from '../domain/disclosure.ts';
import { deleteUser } from '../domain/erasure.ts';
import { limits } from '../domain/input.ts';
import { listUsersFrom } from '../domain/user-arrays.ts';
import { requireMe, updateMe, updateUser } from '../domain/users.ts';
import {
  DomainError,
  type ErrorCode,
  type ErrorStatus,
  ForbiddenError,
  OAuthError,
  PathNotFoundError,
  ProtectedAccountError,
  UnauthenticatedError,
} from '../errors.ts';
import type { Prisma, User as UserRow } from '../generated/prisma/client.ts';
import { errorHeaders } from '../http/error-response.ts';
import { bearer } from './credentials.ts';
import { Answer, defineDialect, type Failure, route, type View } from './dialect.ts';
import {
  assumed,
  Detail,
  dictionary,
  frameworkDetail,
  HTTPValidationError,
  queryBoolean,
  queryInteger,
  uuid,
  validationErrors,
  withDefault,
} from './fastapi.ts';
import { messageOf, problemsOf } from './request.ts';
import { theAccount } from './validators.ts';
import { authRoutes, authSchemas } from './zenml-auth.ts';

// What it accepts

const short = () => z.string().nullish().meta({ minLength: 1, maxLength: limits.name });
const usernamePattern = /^[a-zA-Z0-9_\-@.]+$/;

const profileFields = {
  name: short(),
  avatar_url: z.string().nullish(),
  company: short(),
  job_title: short(),
  metadata: dictionary().nullish(),
  username: short()
    .meta({ pattern: usernamePattern.source })
    .describe('Cannot change for an OAuth2 account: it is the e-mail address.'),
  email: z.string().nullish().describe('Cannot change for an OAuth2 account: it comes from the provider.'),
};

const UserUpdate = z
  .object(profileFields)
  .describe('What to change: an absent key keeps its value, null clears it.');

const ManagedUserUpdate = z
  .object({
    ...profileFields,
    password: z
      .string()
      .nullish()
      .describe('For superusers: a new password, which expires at the next login.'),
    is_superuser: z.boolean().nullish().describe('For superusers.'),
  })
  .describe('What to change: an absent key keeps its value, null clears it.');

/** More than one answer should carry; a client that wants more asks for the next ones. */
const largestPage = 1000;

const listQuery = z.object({
  offset: withDefault(queryInteger({ minimum: 0, maximum: 2 ** 31 - 1 }), 0),
  limit: withDefault(queryInteger({ minimum: 0, maximum: largestPage }), 100),
  user_id: uuid().optional(),
  oauth_provider: z.string().optional(),
  oauth_id: z.string().optional(),
  email: z.string().optional(),
  is_active: queryBoolean().optional(),
});

const userParams = z.object({ user_id: uuid() });

// What it answers

const User = z.object({
  password: z.string().nullable().describe('Always null.'),
  password_expired: z
    .boolean()
    .nullable()
    .describe('Whether the password must be changed; null for an account without one.'),
  name: z.string().min(1).max(limits.name).nullable(),
  avatar_url: z.string().nullable(),
  company: z.string().min(1).max(limits.name).nullable(),
  job_title: z.string().min(1).max(limits.name).nullable(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  id: z.guid(),
  username: z.string().min(1).max(limits.name).regex(usernamePattern).nullable(),
  email: z.string().nullable(),
  oauth_provider: z.string().nullable(),
  oauth_id: z.string().nullable(),
  is_active: z.boolean().meta({ default: true }),
  is_superuser: z.boolean().meta({ default: false }),
  is_service_account: z.boolean().meta({ default: false }),
  organization_id: z.guid().nullable().describe('The organization of a service account.'),
  is_onboarded: z.boolean().meta({ default: false }),
});

// Views

const select = {
  ...accountSelect,
  version: true,
  name: true,
  avatarUrl: true,
  company: true,
  jobTitle: true,
  metadata: true,
  isOnboarded: true,
  password: { select: { expired: true } },
  emails: { where: { isDefault: true }, select: { address: true } },
  identities: { where: { isPrimary: true }, select: { provider: true, subject: true } },
} as const satisfies Prisma.UserSelect;

function userView({ private: known, ...row }: Disclosed<RowOf<typeof select>>): View<typeof User> {
  const [identity] = known?.identities ?? [];
  return {
    password: null,
    password_expired: known?.password?.expired ?? null,
    name: row.name,
    avatar_url: row.avatarUrl,
    company: row.company,
    job_title: row.jobTitle,
    metadata: (known?.metadata ?? null) as Record<string, unknown> | null,
    id: row.id,
    username: row.username,
    email: known?.emails[0]?.address ?? null,
    oauth_provider: identity?.provider ?? null,
    oauth_id: identity?.subject ?? null,
    is_active: row.status === 'ACTIVE',
    is_superuser: row.isSuperuser,
    is_service_account: row.kind === 'SERVICE_ACCOUNT',
    organization_id: row.organizationId,
    is_onboarded: row.isOnboarded,
  };
}

// Failures

const OAuthProblem = z
  .object({ error: z.string(), error_description: z.string() })
  .describe('Why a device does not get in, or not yet (RFC 8628).');

const Problem = z
  .object({ detail: z.tuple([z.string(), z.string()]) })
  .describe('The class of the exception, then its message: clients raise it again.');

const failures = {
  400: {
    description:
      'ValueError: a rule forbids it. (To a device that asks: why it does not get in, or not yet.)',
    body: z.union([Problem, OAuthProblem]),
    evidence: 'documented',
  },
  401: {
    description: 'AuthorizationException: there is no credential, or it is no longer good.',
    body: Problem,
    evidence: 'observed',
  },
  403: {
    description:
      'IllegalOperationError: the caller may not do this. (Without a bearer token, too, when the server is set to answer as older FastAPI does.)',
    body: z.union([Problem, Detail]),
    evidence: 'assumed',
  },
  404: assumed('KeyError: there is no such object. Or there is no such path.', z.union([Problem, Detail])),
  405: assumed('The path answers other methods.'),
  409: { description: 'EntityExistsError: another account has that.', body: Problem, evidence: 'observed' },
  412: assumed('The account is at another version than `If-Match` names; nothing was changed.'),
  413: assumed('The request body is too large.'),
  422: {
    description: 'The request does not fit its schema.',
    body: HTTPValidationError,
    evidence: 'documented',
  },
  428: assumed('This server wants `If-Match` with every change of an account.'),
  429: assumed('There were too many requests; `Retry-After` says when to come back.'),
  500: assumed('Something went wrong on the side of the server.'),
  503: assumed('The service cannot answer at the moment.'),
} satisfies Record<number, Failure>;

/** The exception that a client raises again, by the status of the error; null where FastAPI itself answers. */
const exceptions: Record<ErrorStatus, readonly [status: keyof typeof failures, name: string | null]> = {
  400: [400, 'ValueError'],
  401: [401, 'AuthorizationException'],
  403: [403, 'IllegalOperationError'],
  404: [404, 'KeyError'],
  405: [405, null],
  406: [422, null],
  409: [409, 'EntityExistsError'],
  412: [412, null],
  413: [413, null],
  415: [422, null],
  422: [422, null],
  428: [428, null],
  429: [429, null],
  500: [500, null],
  503: [503, null],
};

/** Rules of the domain that are no matter of permission: what the vendor's code checks, and raises a ValueError for. */
const ruleCodes: readonly ErrorCode[] = ['PROTECTED_ACCOUNT', 'LAST_SUPERUSER', 'LAST_OWNER', 'CONFLICT'];
const fieldNames = { avatarUrl: 'avatar_url', jobTitle: 'job_title', isSuperuser: 'is_superuser' };

/** Whether all that is wrong with an input is that a rule forbids it: in form it is good. */
function breaksRules(error: DomainError): boolean {
  const problems = problemsOf(error);
  const isRule = ({ code, issue }: (typeof problems)[number]) =>
    issue === null && ['IMMUTABLE', 'NOT_ALLOWED', 'REQUIRED'].includes(code);
  return problems.length > 0 && problems.every(isRule);
}

// Routes

type ManagedInput = z.infer<typeof ManagedUserUpdate>;

/** A null password or superuser flag says nothing: neither can be cleared. */
const toInput = ({ avatar_url, job_title, password, is_superuser, ...rest }: ManagedInput) => ({
  ...rest,
  avatarUrl: avatar_url,
  jobTitle: job_title,
  password: password ?? undefined,
  isSuperuser: is_superuser ?? undefined,
});

const disclosed = ({ actor }: Pick<Context, 'actor'>, user: UserRow) => disclose(actor, select, user);

/** An account at its version. Who may not read its private facts has less than that, which is no version of it. */
function shown(context: Pick<Context, 'actor'>, user: UserRow) {
  const row = disclosed(context, user);
  return new Answer(userView(row), row.private === null ? {} : { shows: theAccount(row), isWhole: true });
}

const validator = { of: 'the account', isRevalidated: true, isForSome: true };
const ok = { status: 200, description: 'The account.', body: User, evidence: 'documented' } as const;

/** Who may not change itself is told that as a ValueError here. */
function forbiddenIsRule(error: unknown): never {
  throw error instanceof ForbiddenError ? new ProtectedAccountError(error.message, []) : error;
}

/** An account that is not there, or not to be seen, is one that must not be touched. */
function unseenIsForbidden(error: unknown): never {
  if (error instanceof DomainError && error.code === 'NOT_FOUND')
    throw new ForbiddenError('The account does not exist, or you may not change it.');
  throw error;
}

export const zenml = defineDialect({
  name: 'zenml',
  title: 'ZenML Pro',
  description: 'Accounts and service accounts, as the control plane of ZenML Pro tells them.',
  documentation: 'https://docs.zenml.io/pro/deployments/pro-api',
  namespaces: ['/users', '/auth'],
  basePaths: { root: [''], mounted: ['/api/v1'] },
  redirectsSlash: true,
  schemas: {
    User,
    UserUpdate,
    ManagedUserUpdate,
    ...authSchemas,
    HTTPValidationError,
    Problem,
    OAuthProblem,
    Detail,
  },
  security: { bearer: { type: 'http', scheme: 'bearer' } },
  failures,
  everywhere: [401, 403, 413, 429, 500, 503],
  routes: [
    route({
      method: 'GET',
      path: '/users/me',
      operationId: 'getMe',
      summary: 'Get the caller',
      description: 'The account of the caller.',
      evidence: 'documented',
      validator,
      success: ok,
      async handle(context) {
        return shown(context, await requireMe(context, { select }));
      },
    }),
    route({
      method: 'PATCH',
      path: '/users/me',
      operationId: 'updateMe',
      summary: 'Update the caller',
      description:
        'Changes the account of the caller. Not for service accounts, nor to take or give up the name `admin`.',
      evidence: 'documented',
      validator,
      json: UserUpdate,
      example: { job_title: 'Countess' },
      success: ok,
      failures: { 400: 'documented', 409: 'observed', 422: 'documented' },
      async handle(context, { body, precondition }) {
        const { id } = requireUser(context);
        const input = { ...toInput(body), expects: precondition.expects('User', id) };
        const user = await updateMe(context, input, { select }).catch(forbiddenIsRule);
        return shown(context, user);
      },
    }),
    route({
      method: 'GET',
      path: '/users',
      operationId: 'listUsers',
      summary: 'List users',
      description:
        'The accounts that the caller may list and for which every given filter holds, the oldest first.',
      evidence: 'documented',
      query: listQuery,
      success: { status: 200, description: 'The accounts.', body: z.array(User), evidence: 'documented' },
      failures: { 422: 'documented' },
      async handle(
        context,
        { query: { offset, limit, user_id, oauth_provider, oauth_id, email, is_active } },
      ) {
        const filter = {
          ids: user_id === undefined ? undefined : [user_id],
          oauthProvider: oauth_provider,
          oauthId: oauth_id,
          email,
          isActive: is_active,
        };
        const users = await listUsersFrom(context, { filter, offset, limit }, { select });
        return users.map((user) => userView(disclosed(context, user)));
      },
    }),
    route({
      method: 'GET',
      path: '/users/authorize_server',
      operationId: 'authorizeServer',
      summary: 'Authorize the caller for a server',
      description:
        'The account of the caller, for the server that asks. Any server may: this product knows none.',
      evidence: 'observed',
      validator,
      query: z.object({ server_id: uuid() }),
      success: { ...ok, evidence: 'observed' },
      failures: { 422: 'assumed' },
      async handle(context) {
        return shown(context, await requireMe(context, { select }));
      },
    }),
    route({
      method: 'PATCH',
      path: '/users/{user_id}',
      operationId: 'updateUser',
      summary: 'Update a user',
      description:
        'Changes an account. Its password and whether it is a superuser are for superusers to set.',
      evidence: 'documented',
      validator,
      params: userParams,
      json: ManagedUserUpdate,
      example: { company: 'Acme' },
      success: ok,
      failures: { 400: 'documented', 403: 'documented', 409: 'observed', 422: 'documented' },
      async handle(context, { params: { user_id: id }, body, precondition }) {
        const { actor } = context; // whose credential a new password of its own ends
        await refuseInternal(context, id);
        const input = { ...toInput(body), expects: precondition.expects('User', id) };
        const user = await updateUser(context, { id, input }, { select }).catch(unseenIsForbidden);
        return shown({ actor }, user);
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/{user_id}',
      operationId: 'deleteUser',
      summary: 'Delete a user',
      description: 'Deletes an account with all its data.',
      evidence: 'documented',
      validator,
      params: userParams,
      success: { status: 204, description: 'The account is deleted.', body: null, evidence: 'documented' },
      failures: { 400: 'documented', 403: 'documented', 422: 'documented' },
      async handle(context, { params: { user_id: id }, precondition }) {
        await refuseInternal(context, id);
        const expects = precondition.expects('User', id);
        await deleteUser(context, { id, expects }).catch(unseenIsForbidden);
      },
    }),
    ...authRoutes,
  ],
  differences: [
    'A user may also change and delete the users that it manages, and owners and admins of an organization its service accounts, as in the graph. The vendor leaves all other accounts to superusers.',
    '`PATCH /users/me` passes over keys that the vendor has not there, `password` and `is_superuser` among them.',
    '`limit` is at most 1,000.',
    'What `POST /auth/login` gives is an opaque token of an hour; access tokens of other flows, which are JWTs, are taken as well. An API token is answered with itself, since it is a bearer token already.',
    'Whoever has a password that an administrator set is refused by `POST /auth/login` (403) until it is changed: on the page `/sign-in`, or with `signIn` of the graph.',
    'A device gets a session of its own, and no `device_id`: devices are not kept apart from sessions.',
    'No operation raises a `KeyError`: 404 is for paths that do not exist.',
  ],
  credential: bearer,
  fail(error, { settings }) {
    const headers = errorHeaders(error);
    if (error instanceof OAuthError)
      return { status: 400, body: { error: error.error, error_description: error.message }, headers: {} };
    if (error instanceof UnauthenticatedError && error.isMissing && settings.missingBearerStatus === 403)
      return { status: 403, body: { detail: 'Not authenticated' }, headers: {} };
    if (ruleCodes.includes(error.code) || breaksRules(error))
      return { status: 400, body: { detail: ['ValueError', messageOf(error, fieldNames)] }, headers };
    const [status, name] = error instanceof PathNotFoundError ? [404, null] : exceptions[error.status];
    if (status === 422) return { status, body: { detail: validationErrors(error, fieldNames) }, headers };
    return {
      status,
      body: { detail: name === null ? frameworkDetail(error) : [name, error.message] },
      headers,
    };
  },
});
