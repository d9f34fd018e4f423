/** What proves to a webhook that an event comes from here: kept sealed, since each delivery is signed with it. */
import type { WorkContext } from '../context.ts';

type Parts = Pick<WorkContext, 'sealing' | 'now'>;

/** How long the secret before signs, too, after a rotation, in milliseconds. */
const overlap = 24 * 60 * 60 * 1000;

interface Secrets {
  readonly current: string;
  readonly previous?: { readonly secret: string; readonly until: string };
}

/** Makes a secret in the form of the Standard Webhooks specification, of 256 random bits. */
export function issueWebhookSecret(randomBytes: (size: number) => Uint8Array): string {
  return `whsec_${Buffer.from(randomBytes(32)).toString('base64')}`;
}

/** Seals a secret for one webhook; `before` is what was sealed, whose secret goes on for a day. */
export function sealWebhookSecret(
  { sealing, now }: Parts,
  id: string,
  { secret, before }: { secret: string; before?: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const until = new Date(now().getTime() + overlap).toISOString();
  const previous = before && open(sealing, id, before)?.current;
  const secrets: Secrets = {
    current: secret,
    ...(previous !== undefined && { previous: { secret: previous, until } }),
  };
  return sealing.seal(JSON.stringify(secrets), nameOf(id));
}

/** The secrets that sign now, the newest first; undefined where the server's own secret is another one by now. */
export function signingSecrets(
  { sealing, now }: Parts,
  id: string,
  sealed: Uint8Array,
): readonly string[] | undefined {
  const secrets = open(sealing, id, sealed);
  if (secrets === null) return undefined;
  const { current, previous } = secrets;
  const isStillGood = previous !== undefined && new Date(previous.until) > now();
  return isStillGood ? [current, previous.secret] : [current];
}

const nameOf = (id: string) => `webhook:${id}`;

function open(sealing: Parts['sealing'], id: string, sealed: Uint8Array): Secrets | null {
  try {
    return JSON.parse(sealing.open(sealed, nameOf(id)));
  } catch {
    return null;
  }
}
