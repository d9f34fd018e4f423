/** The credentials by which an actor can ask: whatever it comes with, the policy gives the same answer. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { AccessTokens } from '../../src/auth/access-tokens.ts';
import { hashSecret } from '../../src/auth/secrets.ts';
import type { Database } from '../../src/db/database.ts';
import { scopes as everyScope, type Scope } from '../../src/domain/policy.ts';
import { createSources } from '../../src/sources.ts';
import type { ActorName } from './actors.ts';
import { ahead, hour } from './rows.ts';

/** Turns the secret of an actor into another credential of the same actor; null where it can have none of that kind. */
export type Presentation = (secret: string, actor: ActorName) => Promise<string | null>;

type Prisma = Database['prisma'];

/** The secret itself: of a session, or an API token. */
export const asSecret: Presentation = async (secret) => secret;

/** An access token of the session, or one that was exchanged for the API token. */
export const asAccessToken =
  (prisma: Prisma, signer: AccessTokens): Presentation =>
  async (secret) => {
    const tokenHash = hashSecret(secret);
    const session = await prisma.session.findUnique({ where: { tokenHash } });
    const apiToken = await prisma.apiToken.findUnique({ where: { tokenHash } });
    const common = { clientId: null, expiresAt: ahead(hour) };
    const { token } = await signer.issue(
      session
        ? { ...common, userId: session.userId, sessionId: session.id, scopes: everyScope }
        : {
            ...common,
            userId: apiToken?.userId ?? null,
            organizationId: apiToken?.organizationId ?? null,
            apiTokenId: apiToken?.id ?? '',
            secretHash: tokenHash,
            scopes: everyScope,
          },
    );
    return token;
  };

/** The access token of a client that the user granted every scope. Only who signs in can grant. */
export const asClientToken =
  (prisma: Prisma, signer: AccessTokens): Presentation =>
  async (secret) => {
    const session = await prisma.session.findUnique({ where: { tokenHash: hashSecret(secret) } });
    if (session === null) return null;
    const { newId } = createSources();
    const client = { id: newId(), name: 'An app', redirectUris: [], scopes: [...everyScope] };
    await prisma.oAuthClient.create({ data: client, select: { id: true } });
    const scopes = [...everyScope];
    await prisma.session.update({ where: { id: session.id }, data: { clientId: client.id, scopes } });
    const { userId, id: sessionId } = session;
    const grant = { userId, sessionId, clientId: client.id, scopes, expiresAt: ahead(hour) };
    return (await signer.issue(grant)).token;
  };

export const trustedIssuerName = 'corp';

/** A token of another issuer, where the account has an identity. Sessions only: programs have no identities. */
export const asExternalToken =
  (prisma: Prisma, issuer: Issuer): Presentation =>
  async (secret) => {
    const session = await prisma.session.findUnique({ where: { tokenHash: hashSecret(secret) } });
    if (session === null || session.revokedAt !== null || session.expiresAt <= new Date()) return null;
    const subject = session.userId;
    const identity = { userId: subject, provider: trustedIssuerName, subject, isPrimary: false };
    await prisma.oAuthIdentity.upsert({
      where: { provider_subject: { provider: trustedIssuerName, subject } },
      create: { id: createSources().newId(), ...identity },
      update: {},
      select: { id: true },
    });
    return issuer.sign(subject);
  };

export interface Issuer {
  readonly setting: string;
  sign(subject: string): Promise<string>;
  close(): void;
}

/** Another issuer, with its keys at a URL. */
export async function startIssuer(scopes: readonly Scope[] = everyScope): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
  const server = await serve({ keys: [jwk] });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const trusted = {
    name: trustedIssuerName,
    issuer,
    audience: 'usergraph',
    jwksUri: `${issuer}/keys`,
    scopes,
  };
  return {
    setting: JSON.stringify([trusted]),
    sign: (subject) => sign(privateKey, { issuer, subject }),
    close: () => void server.close(),
  };
}

async function serve(body: object): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function sign(key: CryptoKey, { issuer, subject }: { issuer: string; subject: string }): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience('usergraph')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(key);
}
