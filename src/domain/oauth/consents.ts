/** What users allowed clients, and how they take it back. */
import type { Context } from '../../context.ts';
import { NotFoundError } from '../../errors.ts';
import type { Consent, OAuthClient, Prisma } from '../../generated/prisma/client.ts';
import { accountSelect, enforce } from '../accounts.ts';
import { record } from '../audit.ts';
import { requireOwnUser } from '../caller.ts';
import { anonymous, decide, type Scope } from '../policy.ts';
import { type Transaction, transact } from '../transaction.ts';
import type { OAuthClientQuery } from './clients.ts';
import { covers } from './scopes.ts';

/** The consents that stand, as a list of an account: the one given last first. */
export const consentListing = {
  where: { client: { revokedAt: null } },
  orderBy: [{ updatedAt: 'desc' }, { clientId: 'asc' }],
  take: 100,
} as const satisfies Prisma.User$consentsArgs;

/** What the acting person allowed clients. */
export async function listConsents(context: Context): Promise<(Consent & { client: OAuthClient })[]> {
  const { id } = requireOwnUser(context);
  const user = await context.prisma.user.findUniqueOrThrow({
    where: { id },
    select: { ...accountSelect, consents: { ...consentListing, include: { client: true } } },
  });
  enforce(decide(context.actor, 'readSessions', user));
  return user.consents;
}

/** Remembers what a user allows a client, besides what it allowed before. */
export async function giveConsent(
  context: Context,
  tx: Transaction,
  { userId, clientId, scopes }: { userId: string; clientId: string; scopes: readonly Scope[] },
): Promise<void> {
  const where = { userId_clientId: { userId, clientId } };
  // Who clicks twice gives one consent: the second waits, and finds it.
  await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtext(${`usergraph:consent:${userId}`}))`;
  const before = await tx.consent.findUnique({ where, select: { scopes: true } });
  if (before !== null && covers(before.scopes, scopes)) return;
  const after = [...new Set([...(before?.scopes ?? []), ...scopes])];
  const now = context.now();
  await tx.consent.upsert({
    where,
    create: { userId, clientId, scopes: after, createdAt: now, updatedAt: now },
    update: { scopes: after, updatedAt: now },
  });
  await record(context, tx, {
    action: 'consent.give',
    subject: { type: 'OAuthClient', id: clientId },
    about: userId,
    changes: { scopes: { before: before?.scopes ?? null, after } },
  });
}

/** Takes back what the acting person allowed a client: its sessions for this person end at once. */
export async function withdrawConsent(
  context: Context,
  clientId: string,
  query: OAuthClientQuery = {},
): Promise<OAuthClient> {
  const { id: userId } = requireOwnUser(context);
  const client = await transact(context, async (tx) => {
    const account = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: accountSelect });
    enforce(decide(context.actor, 'endSession', account));
    const where = { userId_clientId: { userId, clientId } };
    const before = await tx.consent.findUnique({ where, select: { scopes: true } });
    const consents = await tx.consent.deleteMany({ where: { userId, clientId } });
    const ended = await endGrants(context, tx, { userId, clientId });
    if (consents.count + ended === 0) throw new NotFoundError(['id']);
    await record(context, tx, {
      action: 'consent.withdraw',
      subject: { type: 'OAuthClient', id: clientId },
      about: userId,
      changes: { scopes: { before: before?.scopes ?? null, after: null } },
    });
    return (await tx.oAuthClient.findUniqueOrThrow({ where: { id: clientId }, ...query })) as OAuthClient;
  });
  if (context.actor.credential.clientId === clientId) context.actor = anonymous;
  return client;
}

/** Ends what a client was granted by a user, with what came of that, and what was not fetched yet. */
async function endGrants(
  { now }: Context,
  tx: Transaction,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<number> {
  const over = { revokedAt: now() };
  const granted = { userId, clientId, revokedAt: null };
  await tx.session.updateMany({ where: { parentSession: granted, revokedAt: null }, data: over });
  const { count } = await tx.session.updateMany({ where: granted, data: over });
  const waiting = { userId, clientId, usedAt: null };
  await tx.authorizationCode.updateMany({ where: waiting, data: { usedAt: now() } });
  await tx.deviceAuthorization.updateMany({ where: waiting, data: { status: 'DENIED' } });
  return count;
}
