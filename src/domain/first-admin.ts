import { hashPassword } from '../auth/passwords.ts';
import type { Context } from '../context.ts';
import { isUniqueViolation } from './database-errors.ts';
import { reservedUsername } from './policy.ts';

/**
 * Makes the reserved administrator of a new database, with a random password. For the operator at the server's console.
 * @returns the password, in no other place but its hash; null when the account is there already
 */
export async function createFirstAdmin({
  prisma,
  newId,
  now,
  randomBytes,
}: Pick<Context, 'prisma' | 'newId' | 'now' | 'randomBytes'>): Promise<string | null> {
  const password = Buffer.from(randomBytes(18)).toString('base64url');
  const hash = await hashPassword(password, randomBytes);
  const at = now();
  const id = newId();
  try {
    await prisma.$transaction(async (tx) => {
      const admin = { id, username: reservedUsername, name: 'Administrator', isSuperuser: true };
      await tx.user.create({ data: { ...admin, createdAt: at, updatedAt: at }, select: { id: true } });
      await tx.password.create({ data: { userId: id, hash, updatedAt: at } });
      await tx.auditEvent.create({
        data: {
          id: newId(),
          occurredAt: at,
          action: 'user.create',
          subjectType: 'User',
          subjectId: id,
          credentialKind: 'CONSOLE',
        },
        select: { id: true },
      });
    });
  } catch (error) {
    if (isUniqueViolation(error)) return null;
    throw error;
  }
  return password;
}
