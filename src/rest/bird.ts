/** Bird's Accounts API: the profile of the caller, and its sessions. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { accountSelect } from '../domain/accounts.ts';
import { type Disclosed, disclose, type RowOf } from '../domain/disclosure.ts';
import { deleteMe } from '../domain/erasure.ts';
import { requireUuid } from '../domain/ids.ts';
import { limits } from '../domain/input.ts';
import { findOwnSession, listOwnSessions, openSessionWhere, revokeOwnSession } from '../domain/sessions.ts';
import { requireMe, updateMe } from '../domain/users.ts';
import { day } from '../durations.ts';
import { type ErrorStatus, InsufficientScopeError } from '../errors.ts';
import type { Prisma, Session, User } from '../generated/prisma/client.ts';
import { errorHeaders } from '../http/error-response.ts';
import { bareOrBearer } from './credentials.ts';
import { Answer, defineDialect, type Failure, route, type View } from './dialect.ts';
import { messageOf, problemsOf } from './request.ts';
import { erasureLocation } from './usergraph-erasures.ts';
import { type Precondition, theAccount } from './validators.ts';

// What it accepts

const ProfileUpdate = z
  .object({
    name: z.string().optional().meta({ minLength: 1, maxLength: limits.name }).describe('The display name.'),
    bio: z.string().nullish().meta({ maxLength: limits.bio }).describe('A description.'),
    avatarUrl: z.string().nullish().meta({ format: 'uri' }).describe('Where the picture is.'),
    locale: z.string().nullish().describe('A BCP 47 language tag, such as `en-GB`.'),
    timezone: z.string().nullish().describe('An IANA time zone, such as `Europe/London`.'),
  })
  .describe('What to change: an absent key keeps its value, null clears it.');

const sessionParams = z.object({ tokenId: z.string().describe('The id of the session.') });

// What it answers

const moment = z.iso.datetime();
const phoneNumber = z.string().meta({ format: 'phone-number' }).describe('In E.164 form.');
const locale = z.string().meta({ format: 'locale-bcp47' });
const timezone = z.string().meta({ format: 'timezone' });

const Email = z.object({
  id: z.guid(),
  userId: z.guid(),
  email: z.string(),
  verified: z.boolean(),
  passwordSet: z.boolean().describe('Whether the account can sign in with a password.'),
  tokenSet: z.boolean().describe('Whether the account has API tokens that are good.'),
  createdAt: moment,
  updatedAt: moment,
});

const Identity = z.object({
  id: z.guid(),
  name: z.string().optional(),
  email: z.string().optional(),
  avatarUrl: z.string().optional(),
  provider: z.string(),
  createdAt: moment,
  updatedAt: moment,
});

const PhoneNumber = z.object({
  id: z.guid(),
  userId: z.guid(),
  phoneNumber,
  verified: z.boolean(),
  primary: z.boolean(),
  createdAt: moment,
  updatedAt: moment,
});

const Profile = z
  .object({
    id: z.guid(),
    status: z.enum(['pending', 'active', 'banned']).meta({ default: 'pending' }),
    name: z.string().describe('The display name.'),
    bio: z.string().optional(),
    activeSessions: z.int32().min(0).describe('The number of sessions that are open.'),
    createdAt: moment,
    updatedAt: moment,
    emails: z.array(Email).describe('The default one first.'),
    defaultEmail: z.string().optional(),
    identities: z.array(Identity),
    avatarUrl: z.string().optional(),
    phoneNumber: z
      .union([phoneNumber, z.literal('')])
      .optional()
      .describe('The primary one, in E.164 form.'),
    phoneNumbers: z.array(PhoneNumber).describe('The primary one first.'),
    locale: locale.optional(),
    timezone: timezone.optional(),
  })
  .describe('The account of the caller. What has no value is left out.');

const SessionEntry = z
  .object({
    userId: z.guid(),
    tokenId: z.guid().describe('The id of the session.'),
    ip: z.string().optional(),
    userAgent: z.string().optional(),
    country: z.string().optional().describe('Left out: this server does not look up where an address is.'),
    region: z.string().optional().describe('Left out, like `country`.'),
    city: z.string().optional().describe('Left out, like `country`.'),
    createdAt: moment,
    updatedAt: moment.describe('When the session was last used.'),
  })
  .describe('A session of the caller.');

// Views

const firstAdded = [{ createdAt: 'asc' }, { id: 'asc' }] as const;

/** More open sessions than anybody has. Of more, it is not known what ends them. */
const mostSessions = 1_000;

function select(context: Context) {
  const isOpen = openSessionWhere(context);
  return {
    ...accountSelect,
    version: true,
    displayName: true,
    bio: true,
    avatarUrl: true,
    locale: true,
    timeZone: true,
    createdAt: true,
    updatedAt: true,
    emails: { orderBy: [{ isDefault: 'desc' }, ...firstAdded] },
    phoneNumbers: { orderBy: [{ isPrimary: 'desc' }, ...firstAdded] },
    identities: { orderBy: [{ isPrimary: 'desc' }, ...firstAdded] },
    password: { select: { userId: true } },
    apiTokens: {
      where: { revokedAt: null, expiresAt: { gt: context.now() } },
      select: { id: true, expiresAt: true },
      orderBy: { expiresAt: 'desc' },
      take: 1,
    },
    _count: { select: { sessions: { where: isOpen } } },
    sessions: {
      where: isOpen,
      select: {
        id: true,
        clientId: true,
        lastUsedAt: true,
        expiresAt: true,
        parentSession: { select: { id: true, expiresAt: true } },
        parentApiToken: { select: { id: true, expiresAt: true } },
      },
      take: mostSessions,
    },
  } as const satisfies Prisma.UserSelect;
}

type Selected = RowOf<ReturnType<typeof select>>;
type Row = Disclosed<Selected>;

/** When something that the profile tells ends by itself next: never where undefined, nobody knows when where null. */
function nextEnd({ sessions, apiTokens }: Selected, { sessionIdleDays }: Context['settings']) {
  if (sessions.length === mostSessions) return null;
  const ends = sessions.flatMap(({ lastUsedAt, expiresAt, parentSession, parentApiToken }) => [
    expiresAt,
    new Date(lastUsedAt.getTime() + sessionIdleDays * day),
    ...(parentSession ? [parentSession.expiresAt] : []),
    ...(parentApiToken ? [parentApiToken.expiresAt] : []),
  ]);
  const times = [...ends, ...apiTokens.map(({ expiresAt }) => expiresAt)].map((end) => end.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

const statuses = { PENDING: 'pending', ACTIVE: 'active', SUSPENDED: 'banned', DELETING: 'banned' } as const;

function profileView({ private: known, ...row }: Row): View<typeof Profile> {
  if (known === null) throw new InsufficientScopeError('profile');
  return {
    id: row.id,
    status: statuses[row.status],
    name: row.displayName,
    bio: row.bio ?? undefined,
    activeSessions: known._count.sessions,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    emails: known.emails.map((email) => emailView(email, known)),
    defaultEmail: known.emails.find((email) => email.isDefault)?.address,
    identities: known.identities.map(identityView),
    avatarUrl: row.avatarUrl ?? undefined,
    phoneNumber: known.phoneNumbers.find((phone) => phone.isPrimary)?.number,
    phoneNumbers: known.phoneNumbers.map(phoneNumberView),
    locale: known.locale ?? undefined,
    timezone: known.timeZone ?? undefined,
  };
}

type Known = NonNullable<Row['private']>;

function emailView(email: Known['emails'][number], { password, apiTokens }: Known): View<typeof Email> {
  return {
    id: email.id,
    userId: email.userId,
    email: email.address,
    verified: email.verifiedAt !== null,
    passwordSet: password !== null,
    tokenSet: apiTokens.length > 0,
    createdAt: email.createdAt.toISOString(),
    updatedAt: email.updatedAt.toISOString(),
  };
}

function identityView(identity: Known['identities'][number]): View<typeof Identity> {
  return {
    id: identity.id,
    name: identity.name ?? undefined,
    email: identity.email ?? undefined,
    avatarUrl: identity.avatarUrl ?? undefined,
    provider: identity.provider,
    createdAt: identity.createdAt.toISOString(),
    updatedAt: identity.updatedAt.toISOString(),
  };
}

function phoneNumberView(phone: Known['phoneNumbers'][number]): View<typeof PhoneNumber> {
  return {
    id: phone.id,
    userId: phone.userId,
    phoneNumber: phone.number,
    verified: phone.verifiedAt !== null,
    primary: phone.isPrimary,
    createdAt: phone.createdAt.toISOString(),
    updatedAt: phone.updatedAt.toISOString(),
  };
}

function sessionView(session: Session): View<typeof SessionEntry> {
  return {
    userId: session.userId,
    tokenId: session.id,
    ip: session.ipAddress ?? undefined,
    userAgent: session.userAgent ?? undefined,
    country: undefined,
    region: undefined,
    city: undefined,
    createdAt: session.createdAt.toISOString(),
    updatedAt: session.lastUsedAt.toISOString(),
  };
}

// Failures

/** The code and the description of each status; the page documents none of them. */
const failed: Record<ErrorStatus, readonly [code: string, description: string]> = {
  400: ['bad_request', 'The request cannot be read.'],
  401: ['unauthorized', 'There is no token, or it is no longer good.'],
  403: ['forbidden', 'The caller, or its token, may not do this.'],
  404: ['not_found', 'There is no such thing, or the caller may not see it.'],
  405: ['method_not_allowed', 'The path answers other methods.'],
  406: ['unsupported_media_type', 'The body is not JSON.'],
  409: ['conflict', 'The change is at odds with what is there.'],
  412: [
    'precondition_failed',
    'The account is at another version than `If-Match` names; nothing was changed.',
  ],
  413: ['payload_too_large', 'The request body is too large.'],
  415: ['unsupported_media_type', 'The body is not JSON.'],
  422: ['validation_failed', 'The input has problems; `details` has an entry for each.'],
  428: ['precondition_required', 'This server wants `If-Match` with every change of the account.'],
  429: ['rate_limited', 'There were too many requests; `Retry-After` says when to come back.'],
  500: ['internal_error', 'Something went wrong on the side of the server.'],
  503: ['service_unavailable', 'The service cannot answer at the moment.'],
};

const failureBody = (code: string) =>
  z.object({
    code: z.literal(code),
    message: z.string(),
    details: z.array(
      z.object({
        field: z.string().describe('The path to the value, with dots; empty for the whole body.'),
        code: z.string(),
        message: z.string(),
      }),
    ),
  });

const failures = Object.fromEntries(
  Object.entries(failed).map(([status, [code, description]]): [string, Failure] => [
    status,
    { description, body: failureBody(code), evidence: 'assumed' },
  ]),
);

const fieldNames = { timeZone: 'timezone' };

// Routes

/**
 * The account at its version. How many sessions are open, and whether API tokens are good, changes without it, if only
 * because time passes: so nobody is told that he has the answer already.
 */
function shown(context: Context, user: User) {
  const row = disclose(context.actor, {} as ReturnType<typeof select>, user);
  return new Answer(profileView(row), { shows: theAccount(row) });
}

const validator = { of: 'the account' };

const expected = ({ actor }: Context, { expects }: Precondition) => expects('User', actor.user?.id ?? '');

const sessionId = ({ tokenId }: z.infer<typeof sessionParams>) => requireUuid(tokenId, ['tokenId']);

export const bird = defineDialect({
  name: 'bird',
  title: 'Bird Accounts',
  description: 'The profile of the caller and its sessions, as the Accounts API of Bird tells them.',
  documentation: 'https://docs.bird.com',
  namespaces: ['/me'],
  basePaths: { root: [''] },
  schemas: { Profile, Email, Identity, PhoneNumber, Session: SessionEntry, ProfileUpdate },
  security: {
    bearer: { type: 'http', scheme: 'bearer' },
    token: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: 'The token without the word Bearer.',
    },
  },
  failures,
  everywhere: [401, 403, 413, 429, 500, 503],
  routes: [
    route({
      method: 'GET',
      path: '/me',
      operationId: 'getProfile',
      summary: 'Get profile',
      description: 'The account of the caller. The token needs the scope `profile`.',
      evidence: 'documented',
      scopes: ['profile'],
      validator,
      success: { status: 200, description: 'The account.', body: Profile, evidence: 'documented' },
      async handle(context) {
        const me = await requireMe(context, (within) => ({ select: select(within) }), {
          as: 'bird',
          until: (row) => nextEnd(row as never, context.settings),
        });
        return shown(context, me);
      },
    }),
    route({
      method: 'PATCH',
      path: '/me',
      operationId: 'updateProfile',
      summary: 'Update profile',
      description:
        'Changes the account of the caller. The token needs the scopes `profile` and `users:write`.',
      evidence: 'documented',
      scopes: ['profile', 'users:write'],
      validator,
      json: ProfileUpdate,
      example: { timezone: 'Europe/Paris' },
      success: {
        status: 200,
        description: 'The account as it is now.',
        body: Profile,
        evidence: 'documented',
      },
      failures: { 400: 'assumed', 415: 'assumed', 422: 'assumed' },
      async handle(context, { body: { timezone, ...input }, precondition }) {
        const change = { ...input, timeZone: timezone, expects: expected(context, precondition) };
        return shown(context, await updateMe(context, change, { select: select(context) }));
      },
    }),
    route({
      method: 'DELETE',
      path: '/me',
      operationId: 'deleteProfile',
      summary: 'Delete profile',
      description: 'Deletes the account of the caller with all its data. The token stops working at once.',
      evidence: 'documented',
      validator,
      success: {
        status: 202,
        description: 'The account is gone for everybody, and is being erased.',
        body: null,
        evidence: 'documented',
        headers: { Location: 'Where the erasure can be followed, without a credential.' },
      },
      failures: { 409: 'assumed' },
      async handle(context, { precondition }) {
        const { erasure } = await deleteMe(context, { expects: expected(context, precondition) });
        return new Answer(undefined, { location: erasureLocation(context, erasure) });
      },
    }),
    route({
      method: 'GET',
      path: '/me/sessions',
      operationId: 'listSessions',
      summary: 'List sessions',
      description: 'The open sessions of the caller, the one used last first, up to 100.',
      evidence: 'observed',
      success: {
        status: 200,
        description: 'The sessions.',
        body: z.array(SessionEntry),
        evidence: 'observed',
      },
      async handle(context) {
        return (await listOwnSessions(context)).map(sessionView);
      },
    }),
    route({
      method: 'GET',
      path: '/me/sessions/{tokenId}',
      operationId: 'getSession',
      summary: 'Get a session',
      description: 'One of the open sessions of the caller.',
      evidence: 'observed',
      params: sessionParams,
      success: { status: 200, description: 'The session.', body: SessionEntry, evidence: 'observed' },
      failures: { 404: 'observed', 422: 'assumed' },
      async handle(context, { params }) {
        return sessionView(await findOwnSession(context, sessionId(params)));
      },
    }),
    route({
      method: 'DELETE',
      path: '/me/sessions/{tokenId}',
      operationId: 'deleteSession',
      summary: 'End a session',
      description: 'Ends one of the open sessions of the caller; its token stops working at once.',
      evidence: 'observed',
      params: sessionParams,
      success: { status: 204, description: 'The session is over.', body: null, evidence: 'observed' },
      failures: { 404: 'observed', 422: 'assumed' },
      async handle(context, { params }) {
        await revokeOwnSession(context, sessionId(params));
      },
    }),
  ],
  differences: [
    'The vendor documents no error: the envelope and its codes are ours.',
    'API tokens need the scope `profile` to read the profile.',
    'Where an address is (`country`, `region`, `city`) is not looked up, and left out.',
    'The account is erased before the 202 is answered.',
  ],
  credential: bareOrBearer,
  fail(error) {
    const problems = problemsOf(error, fieldNames);
    const isUnreadable = problems.some(({ code }) => code === 'MALFORMED');
    const status = isUnreadable ? 400 : error.status;
    const details = problems.map(({ path, code, message }) => ({ field: path.join('.'), code, message }));
    const [code] = failed[status];
    return {
      status,
      body: { code, message: messageOf(error, fieldNames), details },
      headers: errorHeaders(error),
    };
  },
});
