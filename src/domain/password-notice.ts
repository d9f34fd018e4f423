import type { Context } from '../context.ts';
import { passwordChanged } from '../messages/password-texts.ts';

/** Tells the default address, so that whoever did not change it themselves learns of it. */
export function tellOfNewPassword(context: Context, userId: string): void {
  const { prisma, background, messages, issuer, client } = context;
  const at = context.now();
  background.start('telling of a new password', async () => {
    const email = await prisma.email.findFirst({
      where: { userId, isDefault: true },
      select: { address: true },
    });
    if (email === null) return;
    await messages.send(passwordChanged({ to: email.address, issuer, at, ipAddress: client.ipAddress }));
  });
}
