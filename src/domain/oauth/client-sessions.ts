/** The sessions that a user's consent opens for a client. */
import { actingUserSelect, toActingUser } from '../../auth/acting-user.ts';
import { allScopes } from '../../auth/authenticate.ts';
import { type Context, within } from '../../context.ts';
import { day, hour } from '../../durations.ts';
import type { Scope } from '../policy.ts';
import { createSession, type SessionGrant, type SessionSecrets } from '../sessions.ts';
import type { Transaction } from '../transaction.ts';

export interface Consented {
  readonly userId: string;
  /** Null for a client that is not registered: it gets a session of the user's own, for an hour. */
  readonly clientId: string | null;
  readonly scopes: readonly Scope[];
  /** When the person proved who they are; now, when absent. */
  readonly authenticatedAt?: Date;
}

export interface OpenedSession {
  /** What is told this once. */
  readonly secrets: SessionSecrets;
  /** What `issueSessionToken` makes access tokens of. */
  readonly session: SessionGrant;
}

/** Opens a session for what a user consented to; null when the account is no longer active. */
export async function openConsented(
  context: Context,
  tx: Transaction,
  { userId, clientId, scopes, ...times }: Consented,
): Promise<OpenedSession | null> {
  const now = context.now();
  const row = await tx.user.findFirst({
    where: { id: userId, status: 'ACTIVE' },
    select: actingUserSelect(now),
  });
  if (row === null) return null;
  const id = context.newId();
  const expiresAt = new Date(now.getTime() + lifetimeOf(context, clientId, scopes));
  const session = { id, userId, clientId, scopes, actorId: null, expiresAt };
  const actor = {
    user: toActingUser(row, now),
    organizationId: null,
    credential: { kind: 'SESSION', id, clientId, expiresAt },
    scopes: clientId === null ? allScopes : new Set(scopes),
  } as const;
  const hasToken = clientId === null;
  const columns = { ...session, ...times, scopes: hasToken ? [] : scopes, hasToken };
  return { session, secrets: await createSession(within(context, { actor }), tx, columns) };
}

/** A client that may act while its user is away goes on as long as a sign-in does; others for a day. */
function lifetimeOf({ settings }: Context, clientId: string | null, scopes: readonly Scope[]): number {
  if (clientId === null) return hour;
  return scopes.includes('offline_access') ? settings.sessionDays * day : day;
}
