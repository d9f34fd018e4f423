/** The keys that this server signs with: made when first needed, sealed in the database, rotated with an overlap. */
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import type { Sources } from '../context.ts';
import { DatabaseStateError } from '../db/errors.ts';
import type { Prisma, PrismaClient, SigningKey } from '../generated/prisma/client.ts';
import type { Sealing } from './sealing.ts';

/** The one algorithm of what this server signs. */
export const algorithm = 'ES256';

/** How long a retired key still verifies, in milliseconds: longer than any token lives that it signed. */
export const overlap = 60 * 60 * 1000;
/** How long a process signs with what it read: another one may have rotated meanwhile. */
const freshness = 30_000;
/** How soon an unknown key id makes a process read again. */
const patience = 100;

export interface Keys {
  /** Signs claims (JWS, compact) with the current key; `typ` says what they are (RFC 8725, section 3.11). */
  sign(claims: Record<string, unknown>, typ: string): Promise<string>;
  /** The public key of this server's tokens with this id, current or retired a short while ago. No token verifies by another. */
  find(keyId: string): Promise<CryptoKey | null>;
  /** What signs receipts: with a key of their own, which is made when first needed. Signing itself asks no database. */
  receiptSigner(): Promise<SignReceipt>;
  /** The public keys (RFC 7517), the current one first. Those of receipts stay for good: a receipt is to be verified in years. */
  jwks(): Promise<{ keys: JWK[] }>;
}

/** Signs claims (JWS, compact). */
export type SignReceipt = (claims: Record<string, unknown>, typ: string) => Promise<string>;

type Purpose = 'tokens' | 'receipts';

type Dependencies = Pick<Sources, 'now' | 'newId'> & {
  readonly prisma: PrismaClient;
  readonly sealing: Sealing;
};

interface Signing {
  readonly keyId: string;
  readonly privateKey: CryptoKey;
}

interface Loaded {
  readonly at: number;
  readonly current: Signing;
  readonly receipts: readonly SigningKey[];
  readonly published: readonly { readonly keyId: string; readonly jwk: JWK; readonly publicKey: CryptoKey }[];
}

export function createKeys(dependencies: Dependencies): Keys {
  const { now } = dependencies;
  let loading: Promise<Loaded> | undefined;
  let loaded: Loaded | undefined;

  /** The keys, read again when they are older than this; one reading serves all who wait. */
  async function read(age: number): Promise<Loaded> {
    if (loaded && Math.abs(now().getTime() - loaded.at) <= age) return loaded;
    loading ??= load(dependencies).finally(() => {
      loading = undefined;
    });
    loaded = await loading;
    return loaded;
  }

  const publishedAt = async (keyId: string, age: number) =>
    (await read(age)).published.find((key) => key.keyId === keyId)?.publicKey;

  return {
    sign: async (claims, typ) => signWith((await read(freshness)).current, claims, typ),
    async receiptSigner() {
      const isCurrent = ({ retiredAt }: SigningKey) => retiredAt === null;
      let key = (await read(freshness)).receipts.find(isCurrent);
      if (key === undefined) {
        key = (await makeFirst(dependencies, 'receipts')).find(isCurrent);
        await read(-1); // so that it is published from now on
      }
      if (key === undefined) throw new Error('there is no key for receipts');
      const signing = await toSigning(key, dependencies.sealing);
      return (claims, typ) => signWith(signing, claims, typ);
    },
    find: async (keyId) =>
      (await publishedAt(keyId, freshness)) ?? (await publishedAt(keyId, patience)) ?? null,
    async jwks() {
      const { published, receipts } = await read(freshness);
      return {
        keys: [...published.map(({ jwk }) => jwk), ...receipts.map(({ publicJwk }) => publicJwk as JWK)],
      };
    },
  };
}

const signWith = ({ keyId, privateKey }: Signing, claims: Record<string, unknown>, typ: string) =>
  new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ, kid: keyId }).sign(privateKey);

async function toSigning(row: SigningKey, sealing: Sealing): Promise<Signing> {
  const privateKey = (await importJWK(openPrivate(row, sealing), algorithm)) as CryptoKey;
  return { keyId: row.keyId, privateKey };
}

async function load(dependencies: Dependencies): Promise<Loaded> {
  const { prisma, now, sealing } = dependencies;
  const at = now();
  const rows = await readRows(prisma, at);
  const usable = rows.some(({ retiredAt }) => retiredAt === null)
    ? rows
    : await makeFirst(dependencies, 'tokens');
  const current = usable.find(({ retiredAt }) => retiredAt === null);
  if (!current) throw new Error('there is no signing key');
  const published = await Promise.all(
    usable.map(async ({ keyId, publicJwk }) => ({
      keyId,
      jwk: publicJwk as JWK,
      publicKey: (await importJWK(publicJwk as JWK, algorithm)) as CryptoKey,
    })),
  );
  const receipts = await readRows(prisma, at, 'receipts');
  return { at: at.getTime(), current: await toSigning(current, sealing), receipts, published };
}

/** The keys that verify: of tokens, until no token can be left that a retired one signed; of receipts, all that there were. */
function readRows(
  prisma: Pick<PrismaClient, 'signingKey'>,
  at: Date,
  purpose: Purpose = 'tokens',
): Promise<SigningKey[]> {
  const stillGood = { OR: [{ retiredAt: null }, { retiredAt: { gt: new Date(at.getTime() - overlap) } }] };
  return prisma.signingKey.findMany({
    where: { organizationId: null, purpose, ...(purpose === 'tokens' && stillGood) },
    orderBy: [{ retiredAt: { sort: 'asc', nulls: 'first' } }, { createdAt: 'desc' }],
  });
}

function openPrivate({ keyId, encryptedPrivateJwk }: SigningKey, sealing: Sealing): JWK {
  try {
    return JSON.parse(sealing.open(encryptedPrivateJwk ?? new Uint8Array(), keyId)) as JWK;
  } catch (cause) {
    throw new DatabaseStateError(
      'The signing key in the database was sealed with another USERGRAPH_SECRET. Set the one that it was made with; ' +
        'if that is lost, run `usergraph keys rotate`, which makes another key and ends no session.',
      { cause },
    );
  }
}

/** Processes that start at once make one key: the lock lets them take turns, and the later ones find it. */
function makeFirst(dependencies: Dependencies, purpose: Purpose): Promise<SigningKey[]> {
  const { prisma, now } = dependencies;
  return prisma.$transaction(async (tx) => {
    await lock(tx);
    const rows = await readRows(tx as PrismaClient, now(), purpose);
    if (!rows.some(({ retiredAt }) => retiredAt === null)) await makeKey(dependencies, tx, purpose);
    return readRows(tx as PrismaClient, now(), purpose);
  });
}

interface Rotation {
  /** Whether somebody may have the keys before, so that they verify nothing any more. */
  readonly isLeak: boolean;
  /** Notes what happened to a key, in the same transaction. */
  readonly record: (
    tx: Prisma.TransactionClient,
    action: 'key.register' | 'key.retire',
    id: string,
  ) => Promise<void>;
}

/**
 * Makes a new key to sign tokens with. The one before verifies for another hour, and is published for as long. Receipts
 * are signed with a new one, too, which is made with the next of them; those before stay published.
 */
export function rotateKeys(dependencies: Dependencies, { isLeak, record }: Rotation): Promise<string> {
  const { prisma, now } = dependencies;
  const longAgo = new Date(now().getTime() - overlap);
  return prisma.$transaction(async (tx) => {
    await lock(tx);
    const retired = await tx.signingKey.updateManyAndReturn({
      where: {
        organizationId: null,
        purpose: 'tokens',
        OR: [{ retiredAt: null }, ...(isLeak ? [{ retiredAt: { gt: longAgo } }] : [])],
      },
      data: { retiredAt: isLeak ? longAgo : now() },
      select: { id: true },
    });
    const ofReceipts = await tx.signingKey.updateManyAndReturn({
      where: { organizationId: null, purpose: 'receipts', retiredAt: null },
      data: { retiredAt: now() },
      select: { id: true },
    });
    for (const { id } of [...retired, ...ofReceipts]) await record(tx, 'key.retire', id);
    const { id, keyId } = await makeKey(dependencies, tx, 'tokens');
    await record(tx, 'key.register', id);
    return keyId;
  });
}

const lock = (tx: Prisma.TransactionClient) =>
  tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtext('usergraph:signing-keys'))`;

async function makeKey(
  { now, newId, sealing }: Dependencies,
  tx: Prisma.TransactionClient,
  purpose: Purpose,
): Promise<{ id: string; keyId: string }> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const bare = await exportJWK(publicKey);
  const keyId = await calculateJwkThumbprint(bare);
  const id = newId();
  await tx.signingKey.create({
    data: {
      id,
      keyId,
      algorithm,
      purpose,
      publicJwk: { ...bare, kid: keyId, alg: algorithm, use: 'sig' } as Prisma.InputJsonObject,
      encryptedPrivateJwk: sealing.seal(JSON.stringify(await exportJWK(privateKey)), keyId),
      createdAt: now(),
    },
    select: { id: true },
  });
  return { id, keyId };
}
