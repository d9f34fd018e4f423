/** What happened: the trail of an account, of an organization, and of the whole server. */
import type { Context } from '../context.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { AuditEvent, Prisma, User } from '../generated/prisma/client.ts';
import { enforce, visibleWhere } from './accounts.ts';
import { actions } from './audit.ts';
import { requireCaller } from './caller.ts';
import { isInCalendar, type LazyConnection, once, type PageArgs, pageQuery, toPage } from './page.ts';
import {
  type Account,
  type Credential,
  canReadOrganizationTrail,
  canReadOrigin,
  decide,
  decideOperate,
  type TracedEvent,
} from './policy.ts';
import { selecting } from './selection.ts';
import type { UserQuery } from './users.ts';

export interface TrailFilter {
  /** Is one of these actions. */
  readonly actions?: readonly string[] | null | undefined;
  /** Happened at this moment or after it. */
  readonly from?: Date | null | undefined;
  /** Happened before this moment. */
  readonly until?: Date | null | undefined;
}

export interface TrailArgs extends PageArgs {
  readonly filter?: TrailFilter | null | undefined;
}

export interface FieldChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What only the proof of the chain needs. */
type Hidden = 'changesSalt' | 'changesDigest' | 'originSalt' | 'originDigest' | 'previousHash';

/** An event as far as the actor may read it. */
export type TrailEvent = Omit<AuditEvent, Hidden | 'changes' | 'sequence' | 'hash' | 'credentialKind'> & {
  readonly credentialKind: Credential['kind'];
  readonly sequence: string;
  /** In hexadecimal. */
  readonly hash: string;
  /** Null once they are forgotten. */
  readonly changes: readonly FieldChange[] | null;
  /** Who acted, where it was asked for and the actor may see it. */
  readonly actor: User | null;
};

/** How the acting accounts are to be read; not at all, when undefined. */
type ActorQuery = UserQuery | undefined;

/** The trail of an account that was read for the actor; empty for whoever may not read it. */
export function listAccountTrail(
  context: Context,
  { account, ...args }: TrailArgs & { account: Account },
  actorQuery: ActorQuery,
): LazyConnection<TrailEvent> {
  const isReadable = decide(context.actor, 'readTrail', account).allowed;
  return trail(context, { where: isReadable ? { accountId: account.id } : nothing, args }, actorQuery);
}

/** What happened in an organization; empty for whoever does not run it. */
export function listOrganizationTrail(
  context: Context,
  { organizationId, ...args }: TrailArgs & { organizationId: string },
  actorQuery: ActorQuery,
): LazyConnection<TrailEvent> {
  const isReadable = canReadOrganizationTrail(context.actor, organizationId);
  return trail(context, { where: isReadable ? { organizationId } : nothing, args }, actorQuery);
}

/** What happened on the whole server, to accounts that are gone as well. For superusers. */
export function listTrail(
  context: Context,
  {
    accountId,
    actorId,
    ...args
  }: TrailArgs & { accountId?: string | undefined; actorId?: string | undefined },
  actorQuery: ActorQuery,
): LazyConnection<TrailEvent> {
  requireCaller(context);
  enforce(decideOperate(context.actor, 'Only a superuser may see the trail of everything.'));
  const where = { ...(accountId && { accountId }), ...(actorId && { actorId }) };
  return trail(context, { where, args }, actorQuery);
}

const nothing: Prisma.AuditEventWhereInput = { id: { in: [] } };
const order = { column: 'occurredAt', kind: 'time', tie: 'id', direction: 'desc' } as const;

function trail(
  context: Context,
  { where, args }: { where: Prisma.AuditEventWhereInput; args: TrailArgs },
  actorQuery: ActorQuery,
): LazyConnection<TrailEvent> {
  const wanted = { AND: [where, filterWhere(args.filter ?? {})] };
  const keyset = pageQuery(args, order);
  return {
    page: once(async () => {
      const rows = await context.prisma.auditEvent.findMany({
        where: { AND: [wanted, ...keyset.where.AND] },
        orderBy: keyset.orderBy,
        take: keyset.take,
      });
      const actors = await findActors(context, rows, actorQuery);
      const events = rows.map((row) => disclose(context, row, actors.get(row.actorId ?? '') ?? null));
      return toPage(events, args, order);
    }),
    totalCount: once(() => context.prisma.auditEvent.count({ where: wanted })),
  };
}

function filterWhere({ actions: wanted, from, until }: TrailFilter): Prisma.AuditEventWhereInput {
  if (wanted?.some((action) => !Object.hasOwn(actions, action)))
    throw new InvalidArgumentError('actions names something that is no action of the trail.', [
      'filter',
      'actions',
    ]);
  for (const [name, moment] of Object.entries({ from, until }))
    if (moment != null && !isInCalendar(moment))
      throw new InvalidArgumentError(`${name} must be in the years 1 to 9999.`, ['filter', name]);
  return {
    ...(wanted && { action: { in: [...new Set(wanted)] } }),
    occurredAt: { ...(from && { gte: from }), ...(until && { lt: until }) },
  };
}

/** Who acted in the events, as far as the actor can see them: one query a page. */
async function findActors(
  context: Context,
  rows: readonly AuditEvent[],
  query: ActorQuery,
): Promise<ReadonlyMap<string, User>> {
  const ids = [...new Set(rows.flatMap(({ actorId }) => (actorId === null ? [] : [actorId])))];
  if (query === undefined || ids.length === 0) return new Map();
  const users = (await context.prisma.user.findMany({
    where: { AND: [{ id: { in: ids } }, visibleWhere(context)] },
    ...selecting(query, { id: true }),
  })) as User[];
  return new Map(users.map((user) => [user.id, user]));
}

function disclose(context: Context, row: AuditEvent, actor: User | null): TrailEvent {
  const { changes, changesSalt, changesDigest, originSalt, originDigest, previousHash, ...event } = row;
  const origin = originFor(context, row);
  return {
    ...event,
    ...origin,
    actor,
    credentialKind: row.credentialKind as Credential['kind'],
    sequence: String(row.sequence),
    hash: Buffer.from(row.hash ?? []).toString('hex'),
    changes: changesSalt === null ? null : fieldChanges(changes),
  };
}

function originFor({ actor }: Context, row: TracedEvent & Pick<AuditEvent, 'ipAddress' | 'userAgent'>) {
  return canReadOrigin(actor, row)
    ? { ipAddress: row.ipAddress, userAgent: row.userAgent }
    : { ipAddress: null, userAgent: null };
}

/** The changes of an event, as `record` wrote them. */
export function fieldChanges(changes: Prisma.JsonValue): FieldChange[] {
  const entries = Object.entries((changes ?? {}) as Record<string, { before?: unknown; after?: unknown }>);
  return entries.map(([field, { before = null, after = null }]) => ({ field, before, after }));
}
