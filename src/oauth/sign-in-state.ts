/** What a browser that went to a provider must bring back: encrypted, in a cookie of that provider's path alone. */
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { Context } from '../context.ts';
import type { Checks } from './openid-providers.ts';

export const signInStateCookie = 'usergraph_sign_in';
/** In seconds: signing in at a provider may take a second factor and a lost password. */
const lifetime = 900;
/** Browsers drop cookies of more than 4096 bytes. */
const longestReturnTo = 2000;

export interface SignInState extends Checks {
  /** The path to go on to. */
  readonly returnTo: string | null;
  /** The account that the identity is to be linked to; null for a sign-in. */
  readonly linkTo: string | null;
}

type Dependencies = Pick<Context, 'sealing' | 'now' | 'randomBytes'>;

/** Begins a sign-in: what the provider must answer to, and what comes after. */
export function beginState(
  { randomBytes }: Dependencies,
  { returnTo, linkTo }: Pick<SignInState, 'returnTo' | 'linkTo'>,
): SignInState {
  const random = () => Buffer.from(randomBytes(32)).toString('base64url');
  const isShort = returnTo !== null && returnTo.length <= longestReturnTo;
  return {
    state: random(),
    nonce: random(),
    codeVerifier: random(),
    returnTo: isShort ? returnTo : null,
    linkTo,
  };
}

export function sealState(
  { sealing, now }: Dependencies,
  provider: string,
  state: SignInState,
): Promise<string> {
  return new EncryptJWT({ ...state })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setAudience(provider)
    .setExpirationTime(Math.floor(now().getTime() / 1000) + lifetime)
    .encrypt(sealing.key('state'));
}

/** Null for what this server did not make, for this provider, a short while ago. */
export async function openState(
  { sealing, now }: Dependencies,
  provider: string,
  sealed: string | null,
): Promise<SignInState | null> {
  if (sealed === null) return null;
  const opened = await jwtDecrypt<SignInState>(sealed, sealing.key('state'), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
    audience: provider,
    requiredClaims: ['exp'],
    currentDate: now(),
  }).catch(() => null);
  return opened?.payload ?? null;
}

/** The header `Set-Cookie` of a state; null ends it. */
export function stateCookie(path: string, sealed: string | null): string {
  const ends = sealed === null ? 0 : lifetime;
  return `${signInStateCookie}=${sealed ?? ''}; Max-Age=${ends}; Path=${path}; HttpOnly; Secure; SameSite=Lax`;
}
