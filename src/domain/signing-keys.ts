/** The keys that organizations sign capability tokens with: registered by their public half, several at a time. */
import { capabilityScopes } from '../auth/capability-tokens.ts';
import type { Context } from '../context.ts';
import { ForbiddenError, InvalidInputError, NotFoundError } from '../errors.ts';
import type { Prisma, SigningKey } from '../generated/prisma/client.ts';
import { enforce } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller } from './caller.ts';
import { isUniqueViolation } from './database-errors.ts';
import { collectProblems, parseInput, registerSigningKeyInput } from './input.ts';
import { requireOrganization } from './organizations.ts';
import { actsAsSuperuser, decideGrantScopes, decideRunOrganization, organizationsRunBy } from './policy.ts';
import { type PublicKey, readPublicJwk } from './public-jwk.ts';
import { type Transaction, transact } from './transaction.ts';

/** As many as a rotation with overlap needs for each of several programs. */
const mostActive = 10;

export interface SigningKeyQuery {
  readonly select?: Prisma.SigningKeySelect;
  readonly include?: Prisma.SigningKeyInclude;
}

export interface RegisterSigningKeyInput {
  readonly organizationId: string;
  readonly name: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

/**
 * Registers a key, so that what it signs is a credential of the organization. Whoever does so hands on all that a
 * capability can be, for as long as the key is there, so its own credential must have that, and from anywhere.
 */
export async function registerSigningKey(
  context: Context,
  { organizationId, publicJwk, ...input }: RegisterSigningKeyInput,
  query: SigningKeyQuery,
): Promise<SigningKey> {
  requireCaller(context);
  const { actor } = context;
  await requireOrganization(context, organizationId, ['input', 'organizationId']);
  enforce(decideRunOrganization(actor, organizationId, 'tokens:write'));
  enforce(decideGrantScopes(actor, capabilityScopes));
  if (actor.credential.allowedNetworks?.length)
    throw new ForbiddenError(
      'A token that is bound to networks cannot register a key, which is bound to none.',
    );
  const read = await readPublicJwk(publicJwk);
  const also = 'problem' in read ? [read.problem] : [];
  const { name } = parseInput(registerSigningKeyInput, input, { also });
  if ('problem' in read) throw new InvalidInputError(also);
  const id = context.newId();
  return transact(context, async (tx) => {
    await writeKey(context, tx, { id, organizationId, name, ...read.key });
    return (await tx.signingKey.findUniqueOrThrow({ where: { id }, ...query })) as SigningKey;
  }).catch((error: unknown) => {
    throw isUniqueViolation(error) ? registeredAlready() : error;
  });
}

function registeredAlready(): InvalidInputError {
  const { problems, problem } = collectProblems();
  problem('publicJwk', 'NOT_ALLOWED', 'is registered already, or was: make a new pair');
  return new InvalidInputError(problems);
}

interface NewKey extends PublicKey {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
}

async function writeKey(
  context: Context,
  tx: Transaction,
  { id, organizationId, name, keyId, algorithm, jwk }: NewKey,
): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM organizations WHERE id = ${organizationId}::uuid FOR UPDATE`; // for the count
  const active = await tx.signingKey.count({ where: { organizationId, retiredAt: null } });
  if (active >= mostActive) {
    const { problems, problem } = collectProblems();
    problem('organizationId', 'NOT_ALLOWED', `has ${mostActive} keys in use; retire one first`);
    throw new InvalidInputError(problems);
  }
  const publicJwk = { ...jwk, kid: keyId, alg: algorithm, use: 'sig' } as Prisma.InputJsonObject;
  await tx.signingKey.create({
    data: { id, organizationId, name, keyId, algorithm, publicJwk, createdAt: context.now() },
    select: { id: true },
  });
  await record(context, tx, {
    action: 'key.register',
    subject: { type: 'SigningKey', id },
    about: organizationId,
    organizationId,
    changes: { name: { before: null, after: name }, keyId: { before: null, after: keyId } },
  });
}

/** Retires a key: what it signed stops working at once. Retiring a retired one changes nothing. */
export async function retireSigningKey(
  context: Context,
  id: string,
  query: SigningKeyQuery,
): Promise<SigningKey> {
  requireCaller(context);
  const { actor } = context;
  const run = actsAsSuperuser(actor) ? { not: null } : { in: organizationsRunBy(actor) };
  return transact(context, async (tx) => {
    const key = await tx.signingKey.findFirst({
      where: { id, organizationId: run },
      select: { organizationId: true },
    });
    const organizationId = key?.organizationId ?? null;
    if (organizationId === null) throw new NotFoundError(['id']);
    enforce(decideRunOrganization(actor, organizationId, 'tokens:write'));
    const { count } = await tx.signingKey.updateMany({
      where: { id, retiredAt: null },
      data: { retiredAt: context.now() },
    });
    if (count > 0)
      await record(context, tx, {
        action: 'key.retire',
        subject: { type: 'SigningKey', id },
        about: organizationId,
        organizationId,
      });
    return (await tx.signingKey.findUniqueOrThrow({ where: { id }, ...query })) as SigningKey;
  });
}
