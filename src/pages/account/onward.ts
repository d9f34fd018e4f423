/** What a person signs in for. */
import { type AuthorizationRequest, readAuthorizationRequest } from '../../domain/oauth/authorization.ts';
import { OAuthError } from '../../errors.ts';
import type { Visit } from './visit.ts';

export const authorizePath = '/oauth/authorize';

export interface Onward {
  /** The client that waits for the person; null when none does. */
  readonly clientName: string | null;
  /** Who the client believes the person to be. */
  readonly loginHint: string | null;
  /** Where the browser may be sent in the end by a form, besides this server. */
  readonly formTargets: readonly string[];
}

const nothing: Onward = { clientName: null, loginHint: null, formTargets: [] };

/** The client's request that a person comes back to after signing in; nothing where that is no good, or something else. */
export async function onwardOf({ context }: Visit, returnTo: string | null): Promise<Onward> {
  if (!returnTo?.startsWith(`${authorizePath}?`)) return nothing;
  try {
    const query = new URLSearchParams(returnTo.slice(authorizePath.length));
    const request = await readAuthorizationRequest(context, query);
    const { client, loginHint } = request;
    return { clientName: client.name, loginHint, formTargets: formTargetsOf(request) };
  } catch (error) {
    if (error instanceof OAuthError) return nothing;
    throw error;
  }
}

/** A browser that was sent off by a form follows redirects only to where the form's page said (CSP, `form-action`). */
export function formTargetsOf({ redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>): string[] {
  const { protocol, hostname, origin } = new URL(redirectUri);
  const isNameable = ['http:', 'https:'].includes(protocol) && !hostname.startsWith('['); // CSP has no IPv6 addresses
  return [isNameable ? origin : protocol];
}
