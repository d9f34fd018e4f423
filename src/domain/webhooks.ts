/** Where events are delivered to: webhooks of the operator, told of everything, and of organizations, told of their own. */
import type { Context } from '../context.ts';
import { type InputProblem, InvalidInputError, NotFoundError } from '../errors.ts';
import type { Prisma, Webhook } from '../generated/prisma/client.ts';
import { enforce } from './accounts.ts';
import { type Change, type EventType, type FieldChanges, record } from './audit.ts';
import { requireCaller } from './caller.ts';
import { collectProblems, createWebhookInput, parseInput } from './input.ts';
import { requireOrganization } from './organizations.ts';
import { type LazyConnection, once, type PageArgs, pageQuery, toPage } from './page.ts';
import { actsAsSuperuser, decideOperate, decideRunOrganization, organizationsRunBy } from './policy.ts';
import { selecting } from './selection.ts';
import { type Transaction, transact } from './transaction.ts';
import { issueWebhookSecret, sealWebhookSecret } from './webhook-secrets.ts';
import { webhookUrlProblem } from './webhook-urls.ts';

/** As many as an organization, and as the operator, can have. */
export const mostWebhooks = 20;

export interface WebhookQuery {
  readonly select?: Prisma.WebhookSelect;
  readonly include?: Prisma.WebhookInclude;
}

export interface CreateWebhookInput {
  /** Whose it is; the operator's when absent. */
  readonly organizationId?: string | null | undefined;
  readonly name: string;
  readonly url: string;
  readonly eventTypes?: readonly EventType[] | null | undefined;
  readonly ownsData?: boolean | null | undefined;
}

/** A webhook with the secret that it was just given, which is in this answer only. */
export interface WebhookWithSecret {
  readonly webhook: Webhook;
  readonly secret: string;
}

export async function createWebhook(
  context: Context,
  { organizationId = null, ...input }: CreateWebhookInput,
  query: WebhookQuery,
): Promise<WebhookWithSecret> {
  requireCaller(context);
  if (organizationId !== null)
    await requireOrganization(context, organizationId, ['input', 'organizationId']);
  requireRunning(context, organizationId);
  const parsed = parseInput(createWebhookInput, input, { also: urlProblems(context, input.url) });
  const id = context.newId();
  const secret = issueWebhookSecret(context.randomBytes);
  const now = context.now();
  const columns = {
    name: parsed.name,
    url: new URL(parsed.url).href,
    eventTypes: parsed.eventTypes ?? [],
    ownsData: parsed.ownsData ?? false,
  };
  const webhook = await transact(context, async (tx) => {
    await requireRoom(tx, organizationId);
    await tx.webhook.create({
      data: {
        ...columns,
        id,
        organizationId,
        encryptedSecret: sealWebhookSecret(context, id, { secret }),
        createdById: context.actor.user?.id ?? null,
        createdAt: now,
        updatedAt: now,
      },
      select: { id: true },
    });
    await recordWebhook(context, tx, { id, organizationId }, 'webhook.create', changesOf(null, columns));
    return (await tx.webhook.findUniqueOrThrow({ where: { id }, ...query })) as Webhook;
  });
  return { webhook, secret };
}

const order = { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' } as const;

/** The operator's webhooks, the newest first. */
export function listWebhooks(context: Context, args: PageArgs, query: WebhookQuery): LazyConnection<Webhook> {
  requireCaller(context);
  requireRunning(context, null);
  const keyset = pageQuery(args, order);
  const own = { organizationId: null };
  return {
    page: once(async () => {
      const rows = await context.prisma.webhook.findMany({
        where: { AND: [own, ...keyset.where.AND] },
        orderBy: keyset.orderBy,
        take: keyset.take,
        ...selecting(query, { id: true, createdAt: true }),
      });
      return toPage(rows as Webhook[], args, order);
    }),
    totalCount: once(() => context.prisma.webhook.count({ where: own })),
  };
}

function requireRunning({ actor }: Context, organizationId: string | null): void {
  enforce(
    organizationId === null
      ? decideOperate(actor, 'Only a superuser may manage the webhooks of the server.')
      : decideRunOrganization(actor, organizationId, 'tokens:write'),
  );
}

/** The webhooks that exist for the actor. */
export function managedWebhookWhere({ actor }: Context): Prisma.WebhookWhereInput {
  return actsAsSuperuser(actor) ? {} : { organizationId: { in: organizationsRunBy(actor) } };
}

/** Locks a webhook that the actor runs. @throws {NotFoundError} for any other */
export async function lockWebhook(context: Context, tx: Transaction, id: string): Promise<Webhook> {
  await tx.$queryRaw`SELECT 1 FROM webhooks WHERE id = ${id}::uuid FOR UPDATE`;
  const row = await tx.webhook.findFirst({ where: { AND: [{ id }, managedWebhookWhere(context)] } });
  if (row === null) throw new NotFoundError(['id']);
  requireRunning(context, row.organizationId);
  return row;
}

/** The lock makes those that go at once take turns. */
async function requireRoom(tx: Transaction, organizationId: string | null): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtext('usergraph:webhooks'))`;
  if ((await tx.webhook.count({ where: { organizationId } })) < mostWebhooks) return;
  const { problems, problem } = collectProblems();
  problem('organizationId', 'NOT_ALLOWED', `has ${mostWebhooks} webhooks; delete one first`);
  throw new InvalidInputError(problems);
}

/** What is wrong with a URL besides its form. */
export function urlProblems({ settings }: Context, url: unknown): InputProblem[] {
  const { problems, problem } = collectProblems();
  const isHttp = typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  const message = isHttp ? webhookUrlProblem(url, settings.webhookAllowedNetworks) : null;
  if (message !== null) problem('url', 'NOT_ALLOWED', message);
  return problems;
}

/** Records what happened to a webhook: in the trail of its organization, where it is of one. */
export function recordWebhook(
  context: Context,
  tx: Transaction,
  { id, organizationId }: Pick<Webhook, 'id' | 'organizationId'>,
  action: Change['action'],
  changes?: FieldChanges,
): Promise<void> {
  return record(context, tx, {
    action,
    subject: { type: 'Webhook', id },
    about: organizationId ?? id,
    organizationId,
    ...(changes && { changes }),
  });
}

/** The fields that differ, with their values before and after. */
export function changesOf(before: Readonly<Record<string, unknown>> | null, after: object): FieldChanges {
  const changed = Object.entries(after).filter(
    ([field, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(before?.[field]),
  );
  return Object.fromEntries(
    changed.map(([field, value]) => [field, { before: before?.[field] ?? null, after: value }]),
  ) as FieldChanges;
}
