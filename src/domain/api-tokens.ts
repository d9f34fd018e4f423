import { authenticate } from '../auth/authenticate.ts';
import { issueSecret } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { InvalidCredentialsError, NotFoundError, UnauthenticatedError } from '../errors.ts';
import type { ApiToken, Prisma } from '../generated/prisma/client.ts';
import { accountSelect, enforce, existing, visibleWhere } from './accounts.ts';
import { boundProblems, defaultExpiry, expiryProblems } from './api-token-bounds.ts';
import { creationOf, record } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { createApiTokenInput, parseInput } from './input.ts';
import { requireOrganization } from './organizations.ts';
import {
  actsAsSuperuser,
  anonymous,
  decide,
  decideGrantScopes,
  decideRunOrganization,
  organizationsRunBy,
  type Scope,
} from './policy.ts';
import { inOrder, selecting } from './selection.ts';
import { transact } from './transaction.ts';

export interface ApiTokenQuery {
  readonly select?: Prisma.ApiTokenSelect;
  readonly include?: Prisma.ApiTokenInclude;
}

/** Who owns a token: a user (a service account among them) or an organization. */
export type TokenOwner = { readonly type: 'User' | 'Organization'; readonly id: string };

export interface CreateApiTokenInput {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | null | undefined;
  /** The networks that it may be used from, in CIDR notation; anywhere, when absent or empty. */
  readonly allowedNetworks?: readonly string[] | null | undefined;
  /** Requests per minute. */
  readonly rateLimit?: number | null | undefined;
  /** The acting account, when absent. */
  readonly owner?: TokenOwner | null | undefined;
}

/** Makes a token; its secret is in this answer only. A token never has a scope that its maker's credential lacks. */
export async function createApiToken(
  context: Context,
  { owner: wanted, ...input }: CreateApiTokenInput,
  query: ApiTokenQuery,
): Promise<{ secret: string; apiToken: ApiToken }> {
  requireCaller(context);
  const owner: TokenOwner = wanted ?? { type: 'User', id: requireUser(context).id };
  const organizationId = await requireOwner(context, owner);
  enforce(decideGrantScopes(context.actor, input.scopes));
  const now = context.now();
  const parsed = parseInput(createApiTokenInput, input, {
    also: [...expiryProblems(context, input.expiresAt), ...boundProblems(context, input)],
  });
  const { name, scopes } = parsed;
  const made = context.actor.credential;
  const { secret, hash, prefix } = issueSecret('apiToken', context.randomBytes);
  const id = context.newId();
  const apiToken = await transact(context, async (tx) => {
    await tx.apiToken.create({
      data: {
        id,
        name,
        tokenHash: hash,
        prefix,
        scopes: [...new Set(scopes)],
        allowedNetworks: [
          ...(parsed.allowedNetworks?.length ? parsed.allowedNetworks : (made.allowedNetworks ?? [])),
        ],
        rateLimit: parsed.rateLimit ?? made.rateLimit ?? null,
        createdById: context.actor.user?.id ?? null,
        createdAt: now,
        expiresAt: input.expiresAt ?? defaultExpiry(context),
        ...(owner.type === 'User' ? { userId: owner.id } : { organizationId: owner.id }),
      },
      select: { id: true },
    });
    await record(context, tx, {
      action: 'token.create',
      subject: { type: 'ApiToken', id },
      about: owner.id,
      organizationId,
      changes: creationOf({ ...parsed, expiresAt: input.expiresAt ?? defaultExpiry(context) }),
    });
    return (await tx.apiToken.findUniqueOrThrow({ where: { id }, ...query })) as ApiToken;
  });
  return { secret, apiToken };
}

/** @returns the organization that the token concerns. @throws when the actor may not make tokens for this owner */
async function requireOwner(context: Context, { type, id }: TokenOwner): Promise<string | null> {
  if (type === 'Organization') {
    await requireOrganization(context, id, ['input', 'ownerId']);
    enforce(decideRunOrganization(context.actor, id, 'tokens:write'));
    return id;
  }
  const row = await context.prisma.user.findFirst({
    where: { AND: [{ id }, visibleWhere(context)] },
    select: accountSelect,
  });
  if (row === null) throw new NotFoundError(['input', 'ownerId']);
  enforce(decide(context.actor, 'issueToken', row));
  return row.organizationId;
}

/** When a presented API token ends. @throws {InvalidCredentialsError} when it is none, or no longer good */
export async function checkApiToken(context: Context, secret: string): Promise<Date> {
  const actor = await authenticate(secret, context).catch((error: unknown) => {
    throw error instanceof UnauthenticatedError ? new InvalidCredentialsError() : error;
  });
  const { kind, expiresAt } = actor.credential;
  if (kind !== 'API_TOKEN' || expiresAt === null) throw new InvalidCredentialsError();
  return expiresAt;
}

/** Ends a token at once. Revoking a revoked one changes nothing. */
export async function revokeApiToken(context: Context, id: string, query: ApiTokenQuery): Promise<ApiToken> {
  requireCaller(context);
  const revoked = await transact(context, async (tx) => {
    const token = await tx.apiToken.findFirst({
      where: { AND: [{ id }, visibleTokenWhere(context)] },
      select: {
        id: true,
        revokedAt: true,
        userId: true,
        organizationId: true,
        user: { select: accountSelect },
      },
    });
    if (token === null) throw new NotFoundError(['id']);
    if (token.user) enforce(decide(context.actor, 'listTokens', token.user));
    if (token.organizationId)
      enforce(decideRunOrganization(context.actor, token.organizationId, 'tokens:write'));
    const { count } = await tx.apiToken.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: context.now() },
    });
    if (count > 0) {
      const about = token.userId ?? token.organizationId ?? id;
      await record(context, tx, {
        action: 'token.revoke',
        subject: { type: 'ApiToken', id },
        about,
        organizationId: token.organizationId ?? token.user?.organizationId ?? null,
      });
    }
    return (await tx.apiToken.findUniqueOrThrow({ where: { id }, ...query })) as ApiToken;
  });
  if (context.actor.credential.id === id) context.actor = anonymous;
  return revoked;
}

/** The tokens that exist for the actor: its own, and those of the organizations that it runs and of their accounts. */
export function visibleTokenWhere(context: Context): Prisma.ApiTokenWhereInput {
  const { actor } = context;
  const run = organizationsRunBy(actor);
  if (actsAsSuperuser(actor))
    return { OR: [{ userId: null }, { user: { kind: { not: 'INTERNAL' }, ...existing } }] };
  return {
    OR: [
      ...(actor.user ? [{ userId: actor.user.id }, { user: { managerId: actor.user.id, ...existing } }] : []),
      { organizationId: { in: run } },
      { user: { organizationId: { in: run }, ...existing } },
    ],
  };
}

/** The tokens of an owner, or all that the actor may list: the newest first. */
export async function listApiTokens(
  context: Context,
  { owner = null, isOpen, take }: { owner?: TokenOwner | null; isOpen: boolean; take: number },
): Promise<ApiToken[]> {
  requireCaller(context);
  enforce(decideGrantScopes(context.actor, ['tokens:write']));
  const ofOwner = owner && (owner.type === 'User' ? { userId: owner.id } : { organizationId: owner.id });
  const open = { revokedAt: null, expiresAt: { gt: context.now() } };
  return context.prisma.apiToken.findMany({
    where: { AND: [visibleTokenWhere(context), ofOwner ?? {}, isOpen ? open : {}] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take,
  });
}

export async function findApiTokens(context: Context, ids: readonly string[], query: ApiTokenQuery) {
  requireCaller(context);
  if (!context.actor.scopes.has('tokens:write')) return ids.map(() => null);
  const rows = (await context.prisma.apiToken.findMany({
    where: { AND: [{ id: { in: [...ids] } }, visibleTokenWhere(context)] },
    ...selecting(query, { id: true }),
  })) as ApiToken[];
  return inOrder(ids, rows);
}
