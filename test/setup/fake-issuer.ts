/** An issuer on a socket of this machine that signs, and misbehaves, as a test wants. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export type FakeIssuer = Awaited<ReturnType<typeof startFakeIssuer>>;

interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function makeKey(kid: string, alg = 'RS256'): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** What the issuer answers at each path, unless the test puts something else there. */
export async function startFakeIssuer() {
  const answers = new Map<string, () => Answer | Promise<Answer>>();
  const asked: string[] = [];
  const state = { isDown: false };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://issuer');
    asked.push(pathname);
    const answer = answers.get(pathname);
    if (state.isDown) return void request.socket.destroy();
    const { status = answer ? 200 : 404, body = {}, headers = {} } = (await answer?.()) ?? {};
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const key = await makeKey('key-1');
  const published: JWK[] = [key.publicJwk];
  const metadata: Record<string, unknown> = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
  answers.set('/.well-known/openid-configuration', () => ({ body: metadata }));
  answers.set('/jwks', () => ({ body: { keys: published } }));

  return {
    issuer,
    key,
    answers,
    asked,
    metadata,
    /** The public keys that it tells; a test may change them. */
    published,
    setDown(isDown: boolean) {
      state.isDown = isDown;
      if (isDown) server.closeAllConnections();
    },
    /** Signs claims, with the issuer's key unless another is given. */
    sign: (claims: JWTPayload, { by = key, header = {} }: { by?: IssuerKey; header?: object } = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: by.alg, kid: by.kid, ...header }).sign(by.privateKey),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
