/** The programs that users can let act for them (RFC 6749, section 2). Superusers register them. */
import { issueSecret } from '../../auth/secrets.ts';
import type { Context } from '../../context.ts';
import { InvalidInputError, NotFoundError } from '../../errors.ts';
import type { OAuthClient, Prisma } from '../../generated/prisma/client.ts';
import { enforce } from '../accounts.ts';
import { creationOf, type FieldChanges, record } from '../audit.ts';
import { requireCaller } from '../caller.ts';
import { parseInput, registerOAuthClientInput, updateOAuthClientInput } from '../input.ts';
import { type LazyConnection, once, type PageArgs, pageQuery, toPage } from '../page.ts';
import { decideOperate, type Scope } from '../policy.ts';
import { selecting } from '../selection.ts';
import { type Transaction, transact } from '../transaction.ts';

export interface OAuthClientQuery {
  readonly select?: Prisma.OAuthClientSelect;
  readonly include?: Prisma.OAuthClientInclude;
}

export interface RegisterOAuthClientInput {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly Scope[];
  /** Whether it can keep a secret, as programs on servers can. */
  readonly isConfidential: boolean;
  /** Whether users are not asked. No, when absent. */
  readonly isTrusted?: boolean | null | undefined;
}

/** A client with the secret that it was just given; null for a public one. The secret is in this answer only. */
export interface ClientWithSecret {
  readonly client: OAuthClient;
  readonly secret: string | null;
}

function requireOperator(context: Context): void {
  requireCaller(context);
  enforce(decideOperate(context.actor, 'Only a superuser may manage OAuth2 clients.'));
}

export async function registerClient(
  context: Context,
  input: RegisterOAuthClientInput,
  query: OAuthClientQuery = {},
): Promise<ClientWithSecret> {
  requireOperator(context);
  const { isConfidential, isTrusted, ...columns } = parseInput(registerOAuthClientInput, input);
  const issued = isConfidential ? issueSecret('clientSecret', context.randomBytes) : null;
  const id = context.newId();
  const now = context.now();
  const client = await transact(context, async (tx) => {
    await tx.oAuthClient.create({
      data: {
        ...columns,
        id,
        isTrusted: isTrusted ?? false,
        secretHash: issued?.hash ?? null,
        createdById: context.actor.user?.id ?? null,
        createdAt: now,
        updatedAt: now,
      },
      select: { id: true },
    });
    await record(context, tx, {
      action: 'client.register',
      subject: { type: 'OAuthClient', id },
      about: id,
      changes: creationOf({ ...columns, isTrusted, isConfidential }),
    });
    return (await tx.oAuthClient.findUniqueOrThrow({ where: { id }, ...query })) as OAuthClient;
  });
  return { client, secret: issued?.secret ?? null };
}

/** Changes a client: absent keeps. Who had let it have a scope that it loses must let it anew. */
export async function updateClient(
  context: Context,
  { id, input }: { id: string; input: Record<string, unknown> },
  query: OAuthClientQuery = {},
): Promise<OAuthClient> {
  requireOperator(context);
  return transact(context, async (tx) => {
    const row = await lockClient(tx, id);
    const update = parseInput(updateOAuthClientInput, input);
    const changes = changesOf(row, update);
    if (Object.keys(changes).length > 0) {
      const lost = update.scopes
        ? row.scopes.filter((scope) => !update.scopes?.includes(scope as Scope))
        : [];
      await endSessionsWith(context, tx, { clientId: id, scopes: lost });
      await writeClient(context, tx, { id, data: withoutAbsent(update), changes });
    }
    return (await tx.oAuthClient.findUniqueOrThrow({ where: { id }, ...query })) as OAuthClient;
  });
}

/** Gives a confidential client a new secret; the old one stops working at once. */
export async function rotateClientSecret(
  context: Context,
  id: string,
  query: OAuthClientQuery = {},
): Promise<ClientWithSecret & { readonly secret: string }> {
  requireOperator(context);
  const issued = issueSecret('clientSecret', context.randomBytes);
  const client = await transact(context, async (tx) => {
    const row = await lockClient(tx, id);
    if (row.secretHash === null)
      throw new InvalidInputError([
        { path: ['id'], code: 'NOT_ALLOWED', message: 'is of a public client, which has no secret' },
      ]);
    const changes = { secret: { before: true, after: true } };
    await writeClient(context, tx, { id, data: { secretHash: issued.hash }, changes });
    return (await tx.oAuthClient.findUniqueOrThrow({ where: { id }, ...query })) as OAuthClient;
  });
  return { client, secret: issued.secret };
}

/** Ends a client, and with it whatever it was granted. Revoking a revoked one changes nothing. */
export async function revokeClient(
  context: Context,
  id: string,
  query: OAuthClientQuery = {},
): Promise<OAuthClient> {
  requireOperator(context);
  return transact(context, async (tx) => {
    const { count } = await tx.oAuthClient.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: context.now() },
    });
    if (count > 0) {
      await tx.session.updateMany({
        where: { clientId: id, revokedAt: null },
        data: { revokedAt: context.now() },
      });
      await record(context, tx, { action: 'client.revoke', subject: { type: 'OAuthClient', id }, about: id });
    }
    const client = (await tx.oAuthClient.findUnique({ where: { id }, ...query })) as OAuthClient | null;
    if (client === null) throw new NotFoundError(['id']);
    return client;
  });
}

const order = { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' } as const;

/** All clients, the newest first, the revoked ones among them. */
export function listClients(
  context: Context,
  args: PageArgs,
  query: OAuthClientQuery,
): LazyConnection<OAuthClient> {
  requireOperator(context);
  const keyset = pageQuery(args, order);
  return {
    page: once(async () => {
      const rows = await context.prisma.oAuthClient.findMany({
        where: { AND: [...keyset.where.AND] },
        orderBy: keyset.orderBy,
        take: keyset.take,
        ...selecting(query, { id: true, createdAt: true }),
      });
      return toPage(rows as OAuthClient[], args, order);
    }),
    totalCount: once(() => context.prisma.oAuthClient.count()),
  };
}

async function lockClient(tx: Transaction, id: string): Promise<OAuthClient> {
  await tx.$queryRaw`SELECT 1 FROM oauth_clients WHERE id = ${id}::uuid FOR UPDATE`;
  const row = await tx.oAuthClient.findFirst({ where: { id, revokedAt: null } });
  if (row === null) throw new NotFoundError(['id']);
  return row;
}

async function writeClient(
  context: Context,
  tx: Transaction,
  { id, data, changes }: { id: string; data: Prisma.OAuthClientUpdateInput; changes: FieldChanges },
): Promise<void> {
  await tx.oAuthClient.update({
    where: { id },
    data: { ...data, updatedAt: context.now() },
    select: { id: true },
  });
  await record(context, tx, {
    action: 'client.update',
    subject: { type: 'OAuthClient', id },
    about: id,
    changes,
  });
}

/** Ends what has these scopes, and forgets that users allowed them. */
async function endSessionsWith(
  { now }: Context,
  tx: Transaction,
  { clientId, scopes }: { clientId: string; scopes: readonly string[] },
): Promise<void> {
  if (scopes.length === 0) return;
  await tx.$executeRaw`
    UPDATE consents SET scopes = ARRAY(SELECT unnest(scopes) EXCEPT SELECT unnest(${[...scopes]}::text[]))
    WHERE client_id = ${clientId}::uuid`;
  await tx.session.updateMany({
    where: { clientId, revokedAt: null, scopes: { hasSome: [...scopes] } },
    data: { revokedAt: now() },
  });
}

function changesOf(row: OAuthClient, update: Partial<Record<keyof OAuthClient, unknown>>): FieldChanges {
  const changed = Object.entries(update).filter(
    ([field, value]) =>
      value !== undefined && JSON.stringify(value) !== JSON.stringify(row[field as keyof OAuthClient]),
  );
  return Object.fromEntries(
    changed.map(([field, after]) => [field, { before: row[field as keyof OAuthClient], after }]),
  ) as FieldChanges;
}

function withoutAbsent<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
