import type { Context } from '../../context.ts';
import { requireMe } from '../../domain/users.ts';
import type { Prisma } from '../../generated/prisma/client.ts';

const identitySelect = {
  displayName: true,
  username: true,
  emails: { where: { isDefault: true }, select: { address: true } },
} as const satisfies Prisma.UserSelect;

/** Who is signed in, as the person knows itself. */
export interface Identity {
  readonly displayName: string;
  /** What it signs in by. */
  readonly login: string;
}

export async function readIdentity(context: Context): Promise<Identity> {
  const me = await requireMe(context, { select: identitySelect });
  const { displayName, username, emails } = me as unknown as Prisma.UserGetPayload<{
    select: typeof identitySelect;
  }>;
  return { displayName, login: username ?? emails[0]?.address ?? '' };
}
