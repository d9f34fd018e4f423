/** Signing in on a device by answering on another one (RFC 8628). */
import { hashSecret, issueSecret, secretKind } from '../../auth/secrets.ts';
import { type Context, within } from '../../context.ts';
import { InvalidCodeError, OAuthError, RateLimitedError } from '../../errors.ts';
import type { DeviceAuthorization, OAuthClient } from '../../generated/prisma/client.ts';
import { requirePerson } from '../caller.ts';
import { limits } from '../input.ts';
import { anonymous, type Scope } from '../policy.ts';
import { type Transaction, transact } from '../transaction.ts';
import { type OpenedSession, openConsented } from './client-sessions.ts';
import { giveConsent } from './consents.ts';
import { covers } from './scopes.ts';
import { hashUserCode, makeUserCode, readUserCode } from './user-codes.ts';

/** In seconds. */
const lifetime = 600;
const interval = 5;
/** How much sooner than told a question may arrive, in milliseconds: networks are not even. */
const clockTolerance = 500;

export interface DeviceRequest {
  /** Null for a client of a dialect whose clients are not registered. */
  readonly clientId: string | null;
  /** What such a client calls itself. */
  readonly clientName?: string | null;
  readonly scopes: readonly Scope[];
}

export interface StartedDeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string;
  /** In seconds. */
  readonly expiresIn: number;
  readonly interval: number;
}

export async function startDeviceAuthorization(
  context: Context,
  { clientId, clientName = null, scopes }: DeviceRequest,
): Promise<StartedDeviceAuthorization> {
  const { secret, hash } = issueSecret('deviceCode', context.randomBytes);
  const userCode = makeUserCode(context.randomBytes);
  const now = context.now();
  await transact(context, (tx) =>
    tx.deviceAuthorization.create({
      data: {
        id: context.newId(),
        deviceCodeHash: hash,
        userCodeHash: hashUserCode(context, userCode),
        clientId,
        clientName: clientId === null ? shownName(clientName) : null,
        scopes: [...scopes],
        interval,
        ...context.client,
        createdAt: now,
        expiresAt: new Date(now.getTime() + lifetime * 1000),
      },
      select: { id: true },
    }),
  );
  const verificationUri = `${context.issuer}/device`;
  return {
    deviceCode: secret,
    userCode,
    verificationUri,
    verificationUriComplete: `${verificationUri}?user_code=${userCode}`,
    expiresIn: lifetime,
    interval,
  };
}

/** What a device is answered (RFC 8628, section 3.2). */
export const deviceAnswer = (started: StartedDeviceAuthorization) => ({
  device_code: started.deviceCode,
  user_code: started.userCode,
  verification_uri: started.verificationUri,
  verification_uri_complete: started.verificationUriComplete,
  expires_in: started.expiresIn,
  interval: started.interval,
});

/** A client that is not registered names itself as it likes; what is shown of that is a line. */
function shownName(clientName: string | null): string | null {
  return clientName?.toWellFormed().replaceAll(/\p{C}/gu, '').trim().slice(0, limits.name) || null;
}

/** What a person must see of a device that waits for an answer. */
export interface WaitingDevice extends DeviceAuthorization {
  /** The code as it is shown. */
  readonly userCode: string;
  /** Null for one that is not registered: allowing that opens a session with all that the person may. */
  readonly client: OAuthClient | null;
}

/**
 * The device that waits with this code; null when there is none. Each guess counts, and a right one is forgiven.
 * @throws {RateLimitedError} after too many
 */
export async function findDeviceAuthorization(context: Context, code: string): Promise<WaitingDevice | null> {
  const { id } = requirePerson(context);
  const guesser = `device:${id}`;
  const attempts = await context.limits.consumeSignIn(guesser, context.client.ipAddress);
  if (!attempts.allowed) throw new RateLimitedError(attempts);
  const userCode = readUserCode(code);
  if (userCode === null) return null;
  const found = await context.prisma.deviceAuthorization.findFirst({
    where: {
      userCodeHash: hashUserCode(context, userCode),
      status: 'PENDING',
      expiresAt: { gt: context.now() },
      OR: [{ clientId: null }, { client: { revokedAt: null } }],
    },
    include: { client: true },
  });
  if (found === null) return null;
  await context.limits.forgiveSignIn(guesser);
  return { ...found, userCode };
}

/**
 * Answers a device in the name of the person who is signed in: it gets in, or it does not.
 * @throws {InvalidCodeError} when no device waits with this code
 */
export async function answerDeviceAuthorization(
  context: Context,
  { userCode, approve }: { readonly userCode: string; readonly approve: boolean },
): Promise<WaitingDevice> {
  const { id: userId } = requirePerson(context);
  const device = await findDeviceAuthorization(context, userCode);
  if (device === null) throw new InvalidCodeError(['input', 'userCode']);
  const { id, clientId, client } = device;
  await transact(context, async (tx) => {
    const { count } = await tx.deviceAuthorization.updateMany({
      where: { id, status: 'PENDING', expiresAt: { gt: context.now() } },
      data: { status: approve ? 'APPROVED' : 'DENIED', userId },
    });
    if (count === 0) throw new InvalidCodeError(['input', 'userCode']);
    if (approve && clientId !== null && client?.isTrusted === false)
      await giveConsent(context, tx, { userId, clientId, scopes: device.scopes as Scope[] });
  });
  return device;
}

/**
 * What a device gets that asks again: a session, once its user has allowed that.
 * @throws {OAuthError} authorization_pending, slow_down, access_denied, expired_token, or invalid_grant (RFC 8628, section 3.5)
 */
export async function redeemDeviceCode(
  context: Context,
  { deviceCode, clientId }: { readonly deviceCode: string; readonly clientId: string | null },
): Promise<OpenedSession> {
  const unknown = new OAuthError('invalid_grant', 'The device code is unknown, used, or of another client.');
  if (secretKind(deviceCode) !== 'deviceCode') throw unknown;
  const outcome = await transact(within(context, { actor: anonymous }), async (tx) => {
    const device = await lockDevice(tx, deviceCode);
    if (device === null || device.clientId !== clientId || device.usedAt !== null) return unknown;
    if (device.expiresAt <= context.now()) return new OAuthError('expired_token', 'The device code is over.');
    if (device.status === 'DENIED') return new OAuthError('access_denied', 'The user did not allow it.');
    if (device.status === 'PENDING') return wait(context, tx, device);
    return (await open(context, tx, device)) ?? unknown;
  });
  if (outcome instanceof OAuthError) throw outcome; // outside: that it asked too soon must stay written
  return outcome;
}

type LockedDevice = DeviceAuthorization & { readonly client: OAuthClient | null };

async function lockDevice(tx: Transaction, deviceCode: string): Promise<LockedDevice | null> {
  const deviceCodeHash = hashSecret(deviceCode);
  await tx.$queryRaw`SELECT 1 FROM device_authorizations WHERE device_code_hash = ${deviceCodeHash} FOR UPDATE`;
  return tx.deviceAuthorization.findUnique({ where: { deviceCodeHash }, include: { client: true } });
}

/** A device that asks sooner than it was told must wait longer, from then on. */
async function wait({ now }: Context, tx: Transaction, device: LockedDevice): Promise<OAuthError> {
  const next = device.lastPolledAt === null ? 0 : device.lastPolledAt.getTime() + device.interval * 1000;
  const isTooSoon = now().getTime() < next - clockTolerance;
  await tx.deviceAuthorization.update({
    where: { id: device.id },
    data: { lastPolledAt: now(), ...(isTooSoon && { interval: { increment: interval } }) },
    select: { id: true },
  });
  return isTooSoon
    ? new OAuthError('slow_down', `Ask ${interval} seconds less often.`)
    : new OAuthError('authorization_pending', 'The user has not answered yet.');
}

async function open(context: Context, tx: Transaction, device: LockedDevice): Promise<OpenedSession | null> {
  const { userId, clientId, client } = device;
  const scopes = device.scopes as Scope[];
  if (userId === null || (client !== null && !covers(client.scopes, scopes))) return null;
  const used = { usedAt: context.now() };
  await tx.deviceAuthorization.update({ where: { id: device.id }, data: used, select: { id: true } });
  return openConsented(context, tx, { userId, clientId, scopes });
}
