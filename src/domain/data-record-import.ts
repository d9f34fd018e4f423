/** Importing data records as newline-delimited JSON: all of it, or nothing. */
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { type InputProblem, InvalidInputError, type ProblemCode } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { record } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { lockOwner } from './data-record-changes.ts';
import { importedRecord } from './data-record-input.ts';
import { requireAccount } from './data-records.ts';
import { toProblem } from './input.ts';
import { type Line, linesOf, textOf } from './lines.ts';
import { type Transaction, transact } from './transaction.ts';

/** What one import may hold. */
export const importLimits = { bytes: 32 * 1024 * 1024, lines: 10_000, collections: 100 } as const;

/** How many problems are told; whoever has more has made the same mistake again and again. */
const mostProblems = 100;

export interface ImportDataRecordsInput {
  /** The acting account, when absent. */
  readonly userId?: string | null | undefined;
  /** A JSON object a line: `collection`, `data`, and `occurredAt` where it is not now. Empty lines count for nothing. */
  readonly lines: Uint8Array | string;
}

export interface Imported {
  readonly userId: string;
  /** How many records were made in each collection, by name. */
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Makes a record of each line. The lines are read twice, once to check and once to write: so no more of them is held as
 * objects than is written at once, and nothing is locked while they are checked.
 */
export async function importDataRecords(
  context: Context,
  { userId, lines }: ImportDataRecordsInput,
): Promise<Imported> {
  requireCaller(context);
  const owner = userId ?? requireUser(context).id;
  await requireAccount(context, 'writeData', { userId: owner, path: ['input', 'userId'] });
  const bytes = typeof lines === 'string' ? bytesOf(lines) : lines;
  const counts = await check(bytes);
  await transact(context, async (tx) => {
    const { id, organizationId } = await lockOwner(context, tx, owner);
    await write(context, tx, { userId: id, bytes });
    const after = Object.fromEntries(counts);
    await record(context, tx, {
      action: 'records.import',
      subject: { type: 'User', id },
      about: id,
      organizationId,
      changes: { records: { before: null, after } },
    });
  });
  return { userId: owner, counts };
}

/** @throws {InvalidInputError} for unpaired surrogates, which would become other characters */
function bytesOf(lines: string): Uint8Array {
  if (lines.isWellFormed()) return Buffer.from(lines);
  throw refusal('INVALID', 'must not contain unpaired surrogates');
}

/** @returns how many lines there are for each collection @throws {InvalidInputError} that names the lines with problems */
async function check(bytes: Uint8Array): Promise<Map<string, number>> {
  if (bytes.byteLength > importLimits.bytes)
    throw refusal('TOO_LONG', `must have at most ${importLimits.bytes / 1024 / 1024} MiB`);
  const counts = new Map<string, number>();
  const problems: InputProblem[] = [];
  let count = 0;
  for (const line of linesOf(bytes)) {
    count += 1;
    if (count > importLimits.lines)
      throw refusal('TOO_LONG', `must have at most ${importLimits.lines.toLocaleString('en')} lines`);
    const collection = checkLine(line, problems);
    if (collection !== null) counts.set(collection, (counts.get(collection) ?? 0) + 1);
    if (problems.length >= mostProblems) break;
    if (count % 100 === 0) await othersTurn();
  }
  if (problems.length > 0) throw new InvalidInputError(problems.slice(0, mostProblems));
  if (count === 0) throw refusal('TOO_SHORT', 'must have at least one line');
  if (counts.size > importLimits.collections)
    throw refusal('TOO_LONG', `must name at most ${importLimits.collections} collections`);
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const refusal = (code: ProblemCode, message: string) =>
  new InvalidInputError([{ path: ['input', 'lines'], code, message }]);

/** @returns the collection of a good line; null for another one, whose problems are added */
function checkLine({ number, bytes }: Line, problems: InputProblem[]): string | null {
  const add = (path: readonly string[], code: ProblemCode, message: string) =>
    problems.push({
      path: ['input', 'lines', String(number), ...path],
      code,
      message: `line ${number}: ${message}`,
    });
  const text = textOf(bytes);
  const value = text === null ? undefined : parseJson(text);
  if (text === null) add([], 'INVALID', 'must be UTF-8');
  else if (value === undefined) add([], 'INVALID', 'must be JSON');
  if (value === undefined) return null;
  const parsed = importedRecord.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data.collection;
  for (const issue of parsed.error.issues) {
    const { path, code, message } = toProblem(issue);
    add(path.slice(1), code, message);
  }
  return null;
}

/** Undefined for what is no JSON, which JSON cannot say. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is written with one statement: as many lines and about as many bytes. */
const batch = { lines: 500, bytes: 2 * 1024 * 1024 } as const;

/** Writes lines that were checked. */
async function write(
  { newId, now }: Context,
  tx: Transaction,
  { userId, bytes }: { userId: string; bytes: Uint8Array },
): Promise<void> {
  const at = now();
  let data: Prisma.DataRecordCreateManyInput[] = [];
  let size = 0;
  for (const line of linesOf(bytes)) {
    const parsed = JSON.parse(textOf(line.bytes) ?? '') as {
      collection: string;
      data: object;
      occurredAt?: string;
    };
    data.push({
      id: newId(),
      userId,
      collection: parsed.collection,
      data: parsed.data as Prisma.InputJsonObject,
      occurredAt: parsed.occurredAt == null ? at : new Date(parsed.occurredAt),
      createdAt: at,
      updatedAt: at,
    });
    size += line.bytes.byteLength;
    if (data.length < batch.lines && size < batch.bytes) continue;
    await tx.dataRecord.createMany({ data });
    [data, size] = [[], 0];
  }
  if (data.length > 0) await tx.dataRecord.createMany({ data });
}
