/** Creating, replacing and deleting data records. The trail tells which record of which collection, never what it holds. */
import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { DataRecord, Prisma } from '../generated/prisma/client.ts';
import { enforce, lockAccount } from './accounts.ts';
import { type Change, type FieldChanges, record } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { createRecordInput, replaceRecordInput } from './data-record-input.ts';
import { type DataRecordQuery, enforceOnRecord } from './data-records.ts';
import { parseInput } from './input.ts';
import { type Account, decide } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';
import { type ExpectedVersion, requireExpected } from './versions.ts';

export interface CreateDataRecordInput {
  /** The acting account, when absent. */
  readonly userId?: string | null | undefined;
  readonly collection: string;
  readonly data: unknown;
  readonly occurredAt?: Date | null | undefined;
}

export async function createDataRecord(
  context: Context,
  { userId, ...input }: CreateDataRecordInput,
  query: DataRecordQuery,
): Promise<DataRecord> {
  requireCaller(context);
  const owner = userId ?? requireUser(context).id;
  return transact(context, async (tx) => {
    const account = await lockOwner(context, tx, owner);
    const { collection, data, occurredAt } = parseInput(createRecordInput, input);
    const [id, now] = [context.newId(), context.now()];
    const created = await tx.dataRecord.create({
      data: {
        id,
        userId: account.id,
        collection,
        data: data as Prisma.InputJsonObject,
        occurredAt: occurredAt ?? now,
        createdAt: now,
        updatedAt: now,
      },
      ...query,
    });
    const changes = { collection: { before: null, after: collection } };
    await recordOf(context, tx, account, { action: 'record.create', id, changes });
    return created as DataRecord;
  });
}

/** Locks an account whose data the actor may change, so that it is not erased meanwhile. */
export async function lockOwner(context: Context, tx: Transaction, userId: string): Promise<Account> {
  const account = await lockAccount(context, tx, { id: userId }, {}).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new NotFoundError(['input', 'userId']) : error;
  });
  enforce(decide(context.actor, 'writeData', account));
  return account;
}

/** A record, of one account where that is named, and the versions of it that the change is meant for. */
export interface RecordToChange {
  readonly id: string;
  readonly userId?: string;
  readonly expects?: ExpectedVersion | undefined;
}

export interface ReplaceDataRecordInput {
  readonly data: unknown;
  /** Absent keeps it, null sets it to when the record was created. */
  readonly occurredAt?: Date | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

/** Puts another document in the place of a record's. One that changes nothing writes nothing. */
export async function replaceDataRecord(
  context: Context,
  { input, ...which }: RecordToChange & { readonly input: ReplaceDataRecordInput },
  query: DataRecordQuery,
): Promise<DataRecord> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const { account, row } = await lockRecord(context, tx, which);
    const { data, occurredAt, expectedVersion } = parseInput(replaceRecordInput, input);
    if (expectedVersion != null) requireExpected(row, (version) => version === expectedVersion, 'record');
    requireExpected(row, which.expects, 'record');
    const next = occurredAt === undefined ? row.occurredAt : (occurredAt ?? row.createdAt);
    const changes = changesOf(row, { data, occurredAt: next });
    const where = { id: row.id };
    if (Object.keys(changes).length === 0)
      return (await tx.dataRecord.findUniqueOrThrow({ where, ...query })) as DataRecord;
    const replaced = await tx.dataRecord.update({
      where,
      data: {
        data: data as Prisma.InputJsonObject,
        occurredAt: next,
        version: { increment: 1 },
        updatedAt: context.now(),
      },
      ...query,
    });
    const collection = { before: row.collection, after: row.collection };
    await recordOf(context, tx, account, {
      action: 'record.replace',
      id: row.id,
      changes: { collection, ...changes },
    });
    return replaced as DataRecord;
  });
}

/** Deletes a record for good. @returns what it was */
export async function deleteDataRecord(context: Context, which: RecordToChange): Promise<DataRecord> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const { account, row } = await lockRecord(context, tx, which);
    requireExpected(row, which.expects, 'record');
    await tx.dataRecord.delete({ where: { id: row.id }, select: { id: true } });
    const changes = { collection: { before: row.collection, after: null } };
    await recordOf(context, tx, account, { action: 'record.delete', id: row.id, changes });
    return row;
  });
}

/** Locks the account of a record, and with it the record: all that changes records holds that lock. */
async function lockRecord(context: Context, tx: Transaction, { id, userId }: RecordToChange) {
  const where = { id, ...(userId !== undefined && { userId }) };
  const found = await tx.dataRecord.findFirst({ where, select: { userId: true } });
  if (found === null) throw new NotFoundError(['id']);
  const account = await lockAccount(context, tx, { id: found.userId }, {});
  enforceOnRecord(context.actor, 'writeData', account);
  const row = await tx.dataRecord.findUnique({ where: { id } });
  if (row === null) throw new NotFoundError(['id']); // deleted meanwhile
  return { account, row };
}

function changesOf(before: DataRecord, after: { data: unknown; occurredAt: Date }): FieldChanges {
  const [old, next] = [before.occurredAt.toISOString(), after.occurredAt.toISOString()];
  return {
    ...(!isDeepStrictEqual(before.data, after.data) && { data: { before: true, after: true } }),
    ...(old !== next && { occurredAt: { before: old, after: next } }),
  };
}

function recordOf(
  context: Context,
  tx: Transaction,
  { id: about, organizationId }: Account,
  { id, ...change }: Pick<Change, 'action' | 'changes'> & { id: string },
): Promise<void> {
  return record(context, tx, { ...change, subject: { type: 'DataRecord', id }, about, organizationId });
}
