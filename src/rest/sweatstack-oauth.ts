/** The part of SweatStack's API that hands out tokens, and tells whose they are. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { accountSelect } from '../domain/accounts.ts';
import { delegateAccess } from '../domain/delegation.ts';
import { type Disclosed, disclose, type RowOf } from '../domain/disclosure.ts';
import { isUuid, requireUuid } from '../domain/ids.ts';
import { answerTokenRequest, grantTypes } from '../domain/oauth/grants.ts';
import { issuePrincipalToken } from '../domain/principal-token.ts';
import { refreshSession } from '../domain/refresh.ts';
import { issueSessionToken, sessionScopes } from '../domain/sessions.ts';
import { requireMe } from '../domain/users.ts';
import { InvalidRefreshTokenError, OAuthError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { Answer, type Route, route, type View } from './dialect.ts';
import { theAccount } from './validators.ts';

// What it accepts

const DelegatedTokenCreate = z.object({
  sub: z.string().describe('The id of a user that the caller manages, or that shares with it.'),
});

const TokenRequest = z
  .object({
    grant_type: z.string().optional().describe('Such as `authorization_code` or `refresh_token`.'),
    client_id: z.string().optional(),
    client_secret: z.string().optional().describe('Empty or absent for a public client.'),
    code: z.string().optional(),
    code_verifier: z.string().optional(),
    redirect_uri: z.string().optional(),
    refresh_token: z.string().optional(),
    device_code: z.string().optional(),
    subject_token: z.string().optional(),
    subject_token_type: z.string().optional(),
    scope: z.string().optional().describe('Less than was granted, separated by spaces.'),
  })
  .describe('What a client exchanges for tokens (RFC 6749), as at `/oauth/token`.');

// What it answers

const PrincipalToken = z.object({
  access_token: z
    .string()
    .describe('A JWT of the caller itself, with no scope that the request came without.'),
  refresh_token: z
    .string()
    .describe('Empty where the session may do more than the request may, or where there is no session.'),
});

const tokenFields = {
  access_token: z.string().describe('A JWT.'),
  token_type: z.literal('Bearer'),
  expires_in: z.int32().min(0).describe('In seconds.'),
};

const DelegatedToken = z.object({
  ...tokenFields,
  refresh_token: z.string(),
  scope: z.string().describe('What the caller may do in the name of the user, separated by spaces.'),
});

const Token = z.object({
  ...tokenFields,
  refresh_token: z.string().optional(),
  scope: z.string().describe('What was granted, separated by spaces.'),
  id_token: z.string().optional().describe('With the scope `openid` (OpenID Connect).'),
  issued_token_type: z.string().optional().describe('With a token exchange (RFC 8693).'),
});

const UserInfo = z.object({
  sub: z.string().describe('The id of the account.'),
  given_name: z.string().nullable(),
  family_name: z.string().nullable(),
  email: z.string().nullable().describe('Null without the scope `profile`.'),
  registered_at: z.iso.datetime(),
  name: z.string().describe('The display name.'),
});

export const oauthSchemas = {
  PrincipalToken,
  DelegatedTokenCreate,
  DelegatedToken,
  TokenRequest,
  Token,
  UserInfo,
};

// Views

const select = {
  ...accountSelect,
  version: true,
  firstName: true,
  lastName: true,
  displayName: true,
  createdAt: true,
  emails: { where: { isDefault: true }, select: { address: true } },
} as const satisfies Prisma.UserSelect;

function infoView({ private: known, ...row }: Disclosed<RowOf<typeof select>>): View<typeof UserInfo> {
  return {
    sub: row.id,
    given_name: row.firstName,
    family_name: row.lastName,
    email: known?.emails[0]?.address ?? null,
    registered_at: row.createdAt.toISOString(),
    name: row.displayName,
  };
}

// Routes

type Exchange = z.infer<typeof TokenRequest>;

/** The same as at the standard endpoint; the refresh token of a web session comes with no client that is known here. */
async function exchange(context: Context, body: Exchange): Promise<View<typeof Token>> {
  const { client_id: clientId, client_secret: clientSecret = null, ...rest } = body;
  const isForeign = clientId === undefined || !isUuid(clientId);
  if (rest.grant_type === grantTypes.refreshToken && rest.refresh_token !== undefined && isForeign)
    return refresh(context, rest.refresh_token);
  const params = new URLSearchParams(
    Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const credentials = clientId === undefined ? null : { clientId, clientSecret };
  const answer = await answerTokenRequest(context, { params, credentials });
  return {
    access_token: answer.access_token,
    token_type: answer.token_type,
    expires_in: answer.expires_in,
    refresh_token: answer.refresh_token,
    scope: answer.scope,
    id_token: answer.id_token,
    issued_token_type: answer.issued_token_type,
  };
}

async function refresh(context: Context, refreshToken: string): Promise<View<typeof Token>> {
  const refreshed = await refreshSession(context, { refreshToken }).catch((error: unknown) => {
    if (!(error instanceof InvalidRefreshTokenError)) throw error;
    throw new OAuthError('invalid_grant', 'The refresh token is unknown, used, over, or of a client.');
  });
  const { token, expiresIn } = await issueSessionToken(context, refreshed.session);
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresIn,
    refresh_token: refreshed.refreshToken,
    scope: sessionScopes(refreshed.session).join(' '),
    id_token: undefined,
    issued_token_type: undefined,
  };
}

async function delegate(
  context: Context,
  { sub }: z.infer<typeof DelegatedTokenCreate>,
): Promise<View<typeof DelegatedToken>> {
  const input = { userId: requireUuid(sub, ['sub']) };
  const { session, scopes, refreshToken } = await delegateAccess(context, input, { select: { id: true } });
  const { token, expiresIn } = await issueSessionToken(context, session);
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresIn,
    refresh_token: refreshToken,
    scope: scopes.join(' '),
  };
}

export const oauthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/oauth/principal-token',
    operationId: 'getPrincipalToken',
    summary: 'Get the tokens of the principal',
    description:
      'Tokens of the caller itself, which the SDK asks for before it lists users; with a delegated token, of who acts by it.',
    evidence: 'observed',
    success: { status: 200, description: 'The tokens.', body: PrincipalToken, evidence: 'observed' },
    async handle(context, { credential }) {
      const { accessToken, refreshToken } = await issuePrincipalToken(context, credential ?? '');
      return { access_token: accessToken, refresh_token: refreshToken };
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/oauth/delegated-token',
    operationId: 'createDelegatedToken',
    summary: 'Act for a user',
    description:
      'Tokens that act for a user that the caller manages, or that shares with it. They cannot call the endpoints of users.',
    evidence: 'observed',
    answersSecret: true,
    json: DelegatedTokenCreate,
    example: { sub: '01900000-0000-7000-8000-000000000000' },
    success: { status: 200, description: 'The tokens.', body: DelegatedToken, evidence: 'observed' },
    failures: { 404: 'assumed', 422: 'assumed' },
    handle: (context, { body }) => delegate(context, body),
  }),
  route({
    method: 'POST',
    path: '/api/v1/oauth/token',
    operationId: 'exchangeToken',
    summary: 'Get tokens',
    description:
      'Exchanges an authorization code (with PKCE) or a refresh token for tokens; whatever else the standard endpoint exchanges, too.',
    evidence: 'observed',
    answersSecret: true,
    isOpen: true,
    form: TokenRequest,
    example: { grant_type: 'refresh_token', refresh_token: 'ug_ref_…' },
    success: { status: 200, description: 'The tokens.', body: Token, evidence: 'observed' },
    failures: { 400: 'assumed', 401: 'assumed', 403: 'assumed', 422: 'assumed' },
    handle: (context, { body }) => exchange(context, body),
  }),
  route({
    method: 'GET',
    path: '/api/v1/oauth/userinfo',
    operationId: 'getUserInfo',
    summary: 'Get the user',
    description: 'Who the caller is; with a delegated token, the user that it acts for.',
    evidence: 'observed',
    validator: { of: 'the user', isRevalidated: true, isForSome: true },
    success: { status: 200, description: 'The user.', body: UserInfo, evidence: 'observed' },
    async handle(context) {
      const row = disclose(context.actor, select, await requireMe(context, { select }));
      // Who may not read the address has less than the account at this version, and is not to take it for all later.
      return new Answer(infoView(row), row.private === null ? {} : { shows: theAccount(row), isWhole: true });
    },
  }),
];
