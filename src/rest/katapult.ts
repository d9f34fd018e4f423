/** Krystal's Katapult Core API: who the caller is. */
import { z } from 'zod';
import { accountSelect } from '../domain/accounts.ts';
import { type Disclosed, disclose, type RowOf } from '../domain/disclosure.ts';
import { listOwnOrganizations } from '../domain/organizations.ts';
import { requireMe } from '../domain/users.ts';
import {
  type DomainError,
  type ErrorStatus,
  ForbiddenError,
  InsufficientScopeError,
  NetworkNotAllowedError,
  type PresentedKind,
  RateLimitedError,
  UnauthenticatedError,
} from '../errors.ts';
import { errorHeaders } from '../http/error-response.ts';
import { bearer } from './credentials.ts';
import { Answer, defineDialect, type Failure, route, type View } from './dialect.ts';
import { theAccount } from './validators.ts';

// What it answers

const CurrentUser = z.object({
  user: z
    .object({
      id: z.string(),
      first_name: z.string().describe('Empty where the account has none.'),
      last_name: z.string().describe('Empty where the account has none.'),
      avatar_url: z.string().describe('Empty where the account has none.'),
    })
    .describe('The account that the token acts for.'),
  organizations: z
    .array(z.object({ id: z.string(), name: z.string(), sub_domain: z.string() }))
    .describe('The organizations that the account belongs to, in the order of joining.'),
  api_token_id: z.string().nullable().describe('The token in use; null for another kind of credential.'),
});

/** The documented keys, and the same under `error` as the service sends them: clients of both kinds find theirs. */
const failureOf = <Code extends string>(codes: readonly [Code, ...Code[]], detail: z.ZodType) => {
  const keys = { code: z.enum(codes), description: z.string(), detail };
  return z.object({ ...keys, error: z.object(keys) });
};
const noDetail = z.object({});

// Views

const select = { ...accountSelect, version: true, firstName: true, lastName: true, avatarUrl: true } as const;

function userView(row: Disclosed<RowOf<typeof select>>): View<typeof CurrentUser>['user'] {
  return {
    id: row.id,
    first_name: row.firstName ?? '',
    last_name: row.lastName ?? '',
    avatar_url: row.avatarUrl ?? '',
  };
}

// Failures

const enveloped = { 'X-Api-Schema': 'Always `json-error`.' };
const later = { ...enveloped, 'Retry-After': 'When to come back, in seconds.' };

const failures: Record<number, Failure> = {
  400: {
    description: 'There is no token: send one in the Authorization header, after the word Bearer.',
    body: failureOf(['missing_api_token', 'invalid_request'], noDetail),
    evidence: 'documented',
    headers: enveloped,
  },
  403: {
    description:
      'The token is no good (`invalid_api_token`), may not be used from this network, is not signed by the right key, lacks a scope, or may not do this.',
    body: failureOf(
      [
        'invalid_api_token',
        'unauthorized_network_for_api_token',
        'invalid_capabilities_token',
        'scope_not_granted',
        'not_permitted',
      ],
      z.object({
        details: z.string().nullable().optional().describe('With `invalid_api_token`.'),
        ip_address: z.string().optional().describe('With `unauthorized_network_for_api_token`.'),
        scopes: z.array(z.string()).optional().describe('With `scope_not_granted`.'),
      }),
    ),
    evidence: 'documented',
    headers: enveloped,
  },
  404: {
    description: 'No user stands behind the token (or, under this API, there is no such route).',
    body: failureOf(['no_user_associated_with_identity', 'route_not_found'], noDetail),
    evidence: 'documented',
    headers: enveloped,
  },
  429: {
    description: 'The rate limit is reached.',
    body: failureOf(
      ['rate_limit_reached'],
      z.object({ total_permitted: z.int32().min(0).describe('Requests per minute.') }),
    ),
    evidence: 'documented',
    headers: later,
  },
  500: {
    description: 'Something went wrong on the side of the server.',
    body: failureOf(['internal_error'], noDetail),
    evidence: 'assumed',
    headers: enveloped,
  },
  503: {
    description: 'The service cannot answer at the moment; try again later.',
    body: failureOf(['service_unavailable'], noDetail),
    evidence: 'documented',
    headers: later,
  },
};

/** The status and the code of everything that can go wrong. There is no 401: a bad credential is a 403. */
const failed: Record<ErrorStatus, readonly [status: number, code: string]> = {
  400: [400, 'invalid_request'],
  401: [403, 'invalid_api_token'],
  403: [403, 'not_permitted'],
  404: [404, 'route_not_found'],
  405: [404, 'route_not_found'],
  406: [400, 'invalid_request'],
  409: [400, 'invalid_request'],
  412: [400, 'invalid_request'],
  413: [400, 'invalid_request'],
  415: [400, 'invalid_request'],
  422: [400, 'invalid_request'],
  428: [400, 'invalid_request'],
  429: [429, 'rate_limit_reached'],
  500: [500, 'internal_error'],
  503: [503, 'service_unavailable'],
};

/** What the vendor says with each code: clients show it, and some compare it. */
const descriptions: Readonly<Record<string, string>> = {
  missing_api_token:
    'No API token was provided in the Authorization header. Ensure a token is provided prefixed with Bearer',
  invalid_capabilities_token:
    'The capabilities token provided was not valid (either not valid, expired or not signed by the correct key)',
  invalid_api_token: 'The API token provided was not valid (it may not exist or have expired)',
  unauthorized_network_for_api_token: 'Network is not allowed to access the API with this API token',
  scope_not_granted:
    'The scope required for this endpoint has not been granted to the authenticating identity',
  no_user_associated_with_identity: 'There is no user associated with this API token',
  rate_limit_reached: 'You have reached the rate limit for this type of request',
  service_unavailable: 'The service is currently unavailable, please try again later',
};

const invalidToken = { status: 403, code: 'invalid_api_token', detail: { details: null } };
const unauthenticated: Record<PresentedKind, { status: number; code: string; detail: object }> = {
  none: { status: 400, code: 'missing_api_token', detail: {} },
  capability: { status: 403, code: 'invalid_capabilities_token', detail: {} },
  other: invalidToken,
};

function failureFor(error: DomainError): { status: number; code: string; detail: object } {
  if (error instanceof UnauthenticatedError) return unauthenticated[error.presented];
  if (error instanceof NetworkNotAllowedError) {
    const detail = { ip_address: error.ipAddress ?? 'unknown' };
    return { status: 403, code: 'unauthorized_network_for_api_token', detail };
  }
  if (error instanceof InsufficientScopeError)
    return { status: 403, code: 'scope_not_granted', detail: { scopes: [error.scope] } };
  if (error instanceof ForbiddenError)
    // all that is forbidden here is to ask for a user where none is
    return { status: 404, code: 'no_user_associated_with_identity', detail: {} };
  const [status, code] = failed[error.status];
  return { status, code, detail: error instanceof RateLimitedError ? { total_permitted: error.limit } : {} };
}

// Routes

export const katapult = defineDialect({
  name: 'katapult',
  title: 'Katapult Core',
  description:
    'The account and the organizations behind an API token, as the Core API of Katapult tells them.',
  documentation: 'https://developers.katapult.io',
  namespaces: ['/users/current', '/core/v1'],
  basePaths: { root: ['', '/core/v1'] },
  schemas: { CurrentUser },
  security: { bearer: { type: 'http', scheme: 'bearer' } },
  headerDescriptions: {
    'X-Ratelimit-Permitted': 'Requests per minute.',
    'X-Ratelimit-Remaining': 'Requests left in this minute.',
  },
  failures,
  everywhere: [400, 403, 429, 500, 503],
  routes: [
    route({
      method: 'GET',
      path: '/users/current',
      operationId: 'getCurrentUser',
      summary: 'Get the current user',
      description:
        'The account that the token acts for, and its organizations. Any API token may ask, whatever its scopes; a capabilities token needs the scope `profile`. One with no user behind it gets a 404.',
      evidence: 'documented',
      validator: { of: 'the account' },
      success: { status: 200, description: 'The current user.', body: CurrentUser, evidence: 'documented' },
      failures: { 404: 'documented' },
      async handle(context) {
        const { actor } = context;
        if (actor.credential.kind === 'CAPABILITY_TOKEN' && !actor.scopes.has('profile'))
          throw new InsufficientScopeError('profile');
        const row = await requireMe(context, { select });
        const { credential } = actor;
        const organizations = await listOwnOrganizations(context, {});
        const view = {
          user: userView(disclose(actor, select, row)),
          organizations: organizations.map(({ organization }) => ({
            id: organization.id,
            name: organization.name,
            sub_domain: organization.subDomain,
          })),
          api_token_id: credential.kind === 'API_TOKEN' ? credential.id : null,
        };
        // Organizations are renamed, and tokens change, while the account stays at its version: so nobody is told that
        // he has the answer already.
        return new Answer(view, { shows: theAccount(row) });
      },
    }),
  ],
  differences: [
    'Ids are UUIDs.',
    'A secret of any kind that is no good is `invalid_api_token`; a JWT that this server or an issuer that it trusts did not sign is taken for a capabilities token.',
    'A capabilities token needs the scope `profile`; the vendor does not say which.',
    'The `ETag` is the version of the account, as in every API here; organizations and tokens change without it, so `If-None-Match` is answered in full.',
  ],
  credential: bearer,
  fail(error) {
    const { status, code, detail } = failureFor(error);
    const keys = { code, description: descriptions[code] ?? error.message, detail };
    const retryAfter = [429, 503].includes(status) ? errorHeaders(error) : {};
    const headers = { ...retryAfter, 'x-api-schema': 'json-error' };
    return { status, body: { ...keys, error: keys }, headers };
  },
  headers({ rateLimit }) {
    if (rateLimit === null) return {};
    return {
      'x-ratelimit-permitted': String(rateLimit.limit),
      'x-ratelimit-remaining': String(rateLimit.remaining),
    };
  },
});
