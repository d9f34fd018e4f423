/** The OpenID providers that people sign in with: this server as a client of each (OpenID Connect Core, section 3.1). */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from 'openid-client';
import type { OidcProvider } from '../config.ts';
import type { Sources } from '../context.ts';
import { type IdentityClaims, readClaims } from '../domain/identity-claims.ts';

/** In seconds. */
const timeout = 5;
/** How long what a provider says of itself is taken for true. */
const freshness = 60 * 60 * 1000;

/** What only the browser that began knows, and the provider's answer is held against. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface OpenIdProviders {
  /** Where a browser goes to sign in. @throws when the provider cannot be reached, or is another one */
  authorizationUrl(provider: OidcProvider, redirectUri: string, checks: Checks): Promise<URL>;
  /**
   * Who came back from the provider, by the URL that it sent the browser to.
   * @throws whenever anything is not as it must be: the state, the nonce, the code, the signature
   */
  readAnswer(provider: OidcProvider, answer: URL, checks: Checks): Promise<IdentityClaims>;
}

export function createOpenIdProviders({ now }: Pick<Sources, 'now'>): OpenIdProviders {
  const known = new Map<string, { readonly at: number; readonly client: Promise<Configuration> }>();

  /** The client of a provider; a failure to find out about it is not kept. */
  function clientOf(provider: OidcProvider): Promise<Configuration> {
    const { name } = provider;
    const at = now().getTime();
    const kept = known.get(name);
    if (kept && Math.abs(at - kept.at) < freshness) return kept.client;
    const client = discover(provider);
    known.set(name, { at, client });
    client.catch(() => known.delete(name));
    return client;
  }

  return {
    async authorizationUrl(provider, redirectUri, { state, nonce, codeVerifier }) {
      return buildAuthorizationUrl(await clientOf(provider), {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      });
    },

    async readAnswer(provider, answer, { state, nonce, codeVerifier }) {
      const client = await clientOf(provider);
      const tokens = await authorizationCodeGrant(client, answer, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new Error('there is no ID token');
      const isComplete = claims.email !== undefined && claims.name !== undefined;
      const hasMore = !isComplete && client.serverMetadata().userinfo_endpoint !== undefined;
      const more = hasMore ? await fetchUserInfo(client, tokens.access_token, claims.sub) : {};
      return readClaims(claims, more);
    },
  };
}

/** Signatures are verified too, though TLS says already who sent the tokens. */
function discover({ issuer, clientId, clientSecret }: OidcProvider): Promise<Configuration> {
  const url = new URL(issuer);
  const isPlain = url.protocol === 'http:'; // the configuration lets only this very machine be asked so
  return discovery(url, clientId, {}, authentication(clientSecret), {
    timeout,
    execute: [enableNonRepudiationChecks, ...(isPlain ? [allowInsecureRequests] : [])],
  });
}

/** As the provider takes it; in the header where it says nothing (OpenID Connect Discovery, section 3). */
function authentication(clientSecret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(clientSecret), ClientSecretPost(clientSecret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const method = methods.includes('client_secret_basic') ? basic : post;
    return method(server, client, body, headers);
  };
}
