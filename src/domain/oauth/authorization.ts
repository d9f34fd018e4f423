/** What a user's consent makes of a client's request: a code, or a refusal (RFC 6749, section 4.1.2). */
import { issueSecret } from '../../auth/secrets.ts';
import type { Context } from '../../context.ts';
import { OAuthError, UnauthenticatedError } from '../../errors.ts';
import { requirePerson } from '../caller.ts';
import { isPerson } from '../policy.ts';
import { type Transaction, transact } from '../transaction.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { giveConsent } from './consents.ts';
import { isExclusive } from './redirect-uris.ts';
import { covers } from './scopes.ts';

export { type AuthorizationRequest, readAuthorizationRequest } from './authorization-request.ts';

/** How long a code is good: it goes straight to the client, which exchanges it at once. */
const codeLifetime = 60_000;

/**
 * What a page must do about a request: let the user sign in (and come back by `queryAfterSignIn`), ask for consent,
 * grant it without asking (`grantAuthorization`), or tell the client of an error (`denyAuthorization`).
 */
export type Step = 'sign-in' | 'consent' | 'grant' | { readonly error: OAuthError };

export async function nextStep(context: Context, request: AuthorizationRequest): Promise<Step> {
  const { problem, prompt } = request;
  if (problem !== null) return { error: problem };
  const isSilent = prompt.has('none');
  if (!(await isSignedIn(context, request)))
    return isSilent ? { error: new OAuthError('login_required', 'The user must sign in.') } : 'sign-in';
  if (await isConsented(context, request)) return 'grant';
  return isSilent ? { error: new OAuthError('consent_required', 'The user must be asked.') } : 'consent';
}

/** Whether the person is there, and proved it recently enough for the client. */
async function isSignedIn(context: Context, { prompt, maxAge }: AuthorizationRequest): Promise<boolean> {
  const { actor } = context;
  if (actor.user === null || !isPerson(actor) || prompt.has('login') || prompt.has('select_account'))
    return false;
  if (maxAge === null) return true;
  const authenticatedAt = await authenticationTime(context, context.prisma);
  return authenticatedAt.getTime() + maxAge * 1000 > context.now().getTime();
}

async function isConsented(context: Context, request: AuthorizationRequest): Promise<boolean> {
  const { client, scopes, prompt, redirectUri } = request;
  if (prompt.has('consent')) return false;
  if (client.isTrusted) return true;
  // Another program on the user's device may pose as a public one, so the user is asked each time (RFC 8252, section 8.6).
  if (client.secretHash === null && !isExclusive(redirectUri)) return false;
  const consent = await context.prisma.consent.findUnique({
    where: { userId_clientId: { userId: requirePerson(context).id, clientId: client.id } },
    select: { scopes: true },
  });
  return consent !== null && covers(consent.scopes, scopes);
}

/**
 * Grants a request in the name of the person who is signed in, and remembers that.
 * @returns where to send the browser: to the client, with a code
 */
export async function grantAuthorization(context: Context, request: AuthorizationRequest): Promise<URL> {
  const { id: userId } = requirePerson(context);
  if (request.problem !== null) throw request.problem;
  const { client, redirectUri, scopes, codeChallenge, nonce } = request;
  const { secret, hash } = issueSecret('authorizationCode', context.randomBytes);
  const now = context.now();
  await transact(context, async (tx) => {
    const authenticatedAt = await authenticationTime(context, tx);
    if (!client.isTrusted) await giveConsent(context, tx, { userId, clientId: client.id, scopes });
    await tx.authorizationCode.create({
      data: {
        id: context.newId(),
        codeHash: hash,
        clientId: client.id,
        userId,
        redirectUri,
        scopes: [...scopes],
        codeChallenge,
        nonce,
        authenticatedAt,
        createdAt: now,
        expiresAt: new Date(now.getTime() + codeLifetime),
      },
      select: { id: true },
    });
  });
  return answer(request, { code: secret });
}

/** Tells the client that it gets nothing, and why. @returns where to send the browser */
export function denyAuthorization(
  request: AuthorizationRequest,
  { error, message }: OAuthError = new OAuthError('access_denied', 'The user did not allow it.'),
): URL {
  return answer(request, { error, error_description: message });
}

function answer({ redirectUri, state, issuer }: AuthorizationRequest, said: Record<string, string>): URL {
  const url = new URL(redirectUri);
  const params = { ...said, ...(state !== null && { state }), iss: issuer };
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return url;
}

/** When the person who is signed in last proved who they are. */
async function authenticationTime(
  { actor }: Context,
  { session }: Pick<Transaction, 'session'>,
): Promise<Date> {
  const row =
    actor.credential.id === null
      ? null
      : await session.findUnique({ where: { id: actor.credential.id }, select: { authenticatedAt: true } });
  if (row === null) throw new UnauthenticatedError('The session is gone.');
  return row.authenticatedAt;
}
