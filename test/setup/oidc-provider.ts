/** A real OpenID provider on a socket of this machine, where whoever is named signs in without being asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

export type Person = Readonly<Record<string, unknown>>;

export interface ProviderClient {
  readonly clientId: string;
  readonly redirectUri: string;
  /** How the client proves itself; `client_secret_basic` unless this says otherwise. */
  readonly authentication?: 'client_secret_basic' | 'client_secret_post';
}

export const clientSecret = 'the-secret-of-this-client-at-its-provider';

export type OidcProviderServer = Awaited<ReturnType<typeof startOidcProvider>>;

/** The API that access tokens of the provider are for, as JWTs (RFC 9068). */
export const audience = 'https://users.example';

export async function startOidcProvider({
  clients,
  claimsInIdToken = false,
}: {
  clients: readonly ProviderClient[];
  /** Whether the ID token tells all by itself; else the UserInfo endpoint does. */
  claimsInIdToken?: boolean;
}) {
  const people = new Map<string, Person>();
  const now = { person: null as string | null, isDown: false };
  const asked: string[] = [];
  let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '/', 'http://provider').pathname);
    if (now.isDown) request.socket.destroy();
    else void handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    ...settingsOf(people, claimsInIdToken),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'key-1', alg: 'RS256', use: 'sig' }] },
    clients: clients.map(({ clientId, redirectUri, authentication = 'client_secret_basic' }) => ({
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: authentication,
    })),
    ...(clients.every(({ authentication }) => authentication === 'client_secret_post') && {
      clientAuthMethods: ['client_secret_post'],
    }),
  });
  const answer = provider.callback();
  handle = async (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return answer(request, response);
    const denied = { error: 'access_denied', error_description: 'The person said no.' };
    const result = now.person === null ? denied : { login: { accountId: now.person } };
    return provider.interactionFinished(request, response, result);
  };
  return {
    issuer,
    /** The paths that were asked for so far. */
    asked,
    /** Lets a person sign in next; null says no. */
    signInAs(subject: string | null, claims: Person = {}) {
      if (subject !== null) people.set(subject, claims);
      now.person = subject;
    },
    /** From now on nobody gets an answer, or again. */
    setDown(isDown: boolean) {
      now.isDown = isDown;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function settingsOf(people: ReadonlyMap<string, Person>, claimsInIdToken: boolean) {
  // biome-ignore lint/suspicious/noExplicitAny: the provider's own context, which has no types
  type ProviderContext = any;
  return {
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name', 'picture', 'locale', 'zoneinfo'],
    },
    conformIdTokenClaims: !claimsInIdToken,
    cookies: { keys: ['only-for-tests'] },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
    pkce: { required: () => true },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ ...people.get(accountId), sub: accountId }),
    }),
    /** Consent is taken for given. */
    async loadExistingGrant({ oidc }: ProviderContext) {
      const grant = new oidc.provider.Grant({
        accountId: oidc.session.accountId,
        clientId: oidc.client.clientId,
      });
      grant.addOIDCScope('openid profile email');
      grant.addResourceScope(audience, 'profile data:read');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'profile data:read',
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}
