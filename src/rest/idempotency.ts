/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): the same request twice is one change with one answer.
 * The answer is kept in the very transaction that it tells of, so that a crash leaves both or neither.
 */

import { createHash } from 'node:crypto';
import { type Context, within } from '../context.ts';
import { requireAccount } from '../domain/data-records.ts';
import type { Actor } from '../domain/policy.ts';
import { persist, type Transaction } from '../domain/transaction.ts';
import { hour } from '../durations.ts';
import { BadHeaderError, DomainError, NotFoundError } from '../errors.ts';
import type { PrismaClient } from '../generated/prisma/client.ts';
import { type HttpRequest, toFetchRequest } from '../http/message.ts';
import { limitBody } from '../http/request-body.ts';
import { keepsAnswers, type Rendered, type Route } from './dialect.ts';

const header = 'Idempotency-Key';
/** How long an answer is kept, in hours, by the clock of the context. */
export const keptHours = 24;

/**
 * The key of a request, of 1 to 255 printable characters, as they are or as a string of structured fields (RFC 9651).
 * Null where the request has none, or where its method does the same twice anyway.
 * @throws {BadHeaderError} for one that cannot be used, and where the answer holds a secret, which is never kept
 */
export function readIdempotencyKey(route: Route, { headers }: HttpRequest): string | null {
  const text = headers.get(header);
  if (text === null) return null;
  if (route.answersSecret)
    throw new BadHeaderError(`The answer holds a secret, which is not kept: send no ${header}.`);
  if (!keepsAnswers(route)) return null;
  const quoted = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text)?.[1];
  const key = text.startsWith('"') ? quoted?.replace(/\\(["\\])/g, '$1') : text;
  if (key === undefined || !/^[\x20-\x7e]{1,255}$/.test(key))
    throw new BadHeaderError(`The header ${header} must have 1 to 255 printable characters of ASCII.`);
  return key;
}

/** A request that can be told from others, and read again. */
export interface KeyedRequest {
  readonly key: string;
  readonly request: HttpRequest;
  /** Of the body as it came, byte for byte: nothing is known of its meaning, so what is written otherwise is another. */
  readonly digest: Buffer;
}

/** Reads the whole body, to know the request by it. @throws PAYLOAD_TOO_LARGE */
export async function recognize(
  key: string,
  unread: HttpRequest,
  maxBodyBytes: number,
): Promise<KeyedRequest> {
  const { method, url } = unread;
  const body = Buffer.from(await (await limitBody(unread, maxBodyBytes)).arrayBuffer());
  const { pathname, search } = new URL(url);
  const digest = createHash('sha256').update(`${method} ${pathname}${search}\n`).update(body).digest();
  return { key, digest, request: toFetchRequest(unread, body) };
}

/**
 * Answers a request once: who sends it again gets the answer that is kept, and those that race wait for it. A failure is
 * not kept, and leaves nothing behind.
 * @throws {DomainError} IDEMPOTENCY_KEY_REUSED when the key came with another request; NOT_FOUND, FORBIDDEN or
 *   INSUFFICIENT_SCOPE where the caller may no longer see what the answer tells of
 */
export function answerOnce(
  context: Context,
  { key, digest, route }: Pick<KeyedRequest, 'key' | 'digest'> & { readonly route: Route },
  handle: (context: Context) => Promise<Rendered>,
): Promise<Rendered> {
  const { actor } = context;
  const asked: Asked = { actorId: askerOf(actor), key, requestHash: hashFor(actor, digest), route };
  return inTurn(context.prisma, `${asked.actorId} ${key}`, async () => {
    const kept = await findKept(context, context.prisma, asked);
    if (kept !== null) return kept;
    return persist(context, async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockOf(asked)})`; // against other processes
      const keptMeanwhile = await findKept(context, tx, asked);
      if (keptMeanwhile !== null) return keptMeanwhile;
      const rendered = await handle(within(context, { prisma: tx as PrismaClient, transaction: tx }));
      await keep(context, tx, asked, rendered);
      return rendered;
    });
  });
}

interface Asked {
  readonly actorId: string;
  readonly key: string;
  readonly requestHash: Buffer;
  readonly route: Route;
}

/** Whose keys they are: who really acts, whichever of its credentials it uses. */
function askerOf({ user, delegate, organizationId }: Actor): string {
  const id = delegate?.id ?? user?.id ?? organizationId;
  if (id == null)
    throw new BadHeaderError(`The header ${header} needs an account or an organization behind it.`);
  return id;
}

/** For whom somebody acts is a part of the request. */
const hashFor = ({ user }: Actor, digest: Buffer): Buffer =>
  createHash('sha256')
    .update(`${user?.id ?? ''}\n`)
    .update(digest)
    .digest();

/** Two that share a number wait for each other, and that is all. */
const lockOf = ({ actorId, key }: Asked): bigint =>
  createHash('sha256').update(`idempotency ${actorId} ${key}`).digest().readBigInt64BE();

/** Where the headers of a kept answer tell which account it is about: no header can have this name. */
const aboutKey = ':about';

async function findKept(
  context: Context,
  tx: Transaction,
  { actorId, key, requestHash, route }: Asked,
): Promise<Rendered | null> {
  const kept = await tx.idempotentAnswer.findUnique({ where: { actorId_key: { actorId, key } } });
  if (kept === null || kept.expiresAt <= context.now()) return null;
  const { [aboutKey]: about, ...headers } = kept.headers as Record<string, string>;
  if (about === undefined) throw new NotFoundError([]); // forgotten, with the account: what was made once is not made again
  if (!requestHash.equals(kept.requestHash)) throw new DomainError('IDEMPOTENCY_KEY_REUSED');
  await requireSight(context, tx, { about, route });
  return {
    status: kept.status,
    body: kept.body === '' ? undefined : JSON.parse(kept.body),
    headers: { ...headers, 'idempotency-replayed': 'true' },
  };
}

/** Who could see the answer then may not be let at the account now. @throws what the policy says of it */
async function requireSight(
  context: Context,
  tx: Transaction,
  { about, route: { replayAction, path } }: { readonly about: string; readonly route: Route },
): Promise<void> {
  if (replayAction === undefined) throw new Error(`${path} keeps answers for nobody`);
  await requireAccount(within(context, { prisma: tx as PrismaClient }), replayAction, {
    userId: about,
    path: [],
  });
}

async function keep(
  context: Context,
  tx: Transaction,
  { actorId, key, requestHash }: Asked,
  { status, headers = {}, body, about }: Rendered,
): Promise<void> {
  if (about === undefined) throw new Error('An answer that is kept must name the account that it tells of.');
  const createdAt = context.now();
  const expiresAt = new Date(createdAt.getTime() + keptHours * hour);
  // One that is over gives way; another is never written over: that would be a second change by the same key.
  await tx.idempotentAnswer.deleteMany({ where: { actorId, key, expiresAt: { lte: createdAt } } });
  const answer = {
    requestHash: new Uint8Array(requestHash),
    status,
    headers: { ...headers, [aboutKey]: about },
    body: body === undefined ? '' : JSON.stringify(body),
    createdAt,
    expiresAt,
  };
  const data = { id: context.newId(), actorId, key, ...answer };
  await tx.idempotentAnswer.create({ data, select: { id: true } });
}

const turns = new WeakMap<PrismaClient, Map<string, Promise<unknown>>>();

/** One after the other within this process: those that wait hold no connection, of which there are few. */
async function inTurn<T>(prisma: PrismaClient, name: string, work: () => Promise<T>): Promise<T> {
  const last = turns.get(prisma) ?? new Map<string, Promise<unknown>>();
  turns.set(prisma, last);
  const turn = (last.get(name) ?? Promise.resolve()).then(work, work);
  last.set(name, turn);
  try {
    return await turn;
  } finally {
    if (last.get(name) === turn) last.delete(name);
  }
}
