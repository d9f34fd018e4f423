/** Access tokens as the app under test signs them, for credentials that only a test can have. */
import { type AccessTokens, createAccessTokens } from '../../src/auth/access-tokens.ts';
import { createKeys } from '../../src/auth/keys.ts';
import { createSealing } from '../../src/auth/sealing.ts';
import { loadConfig } from '../../src/config.ts';
import { createSources } from '../../src/sources.ts';
import { type TestApp, testSecret } from './app.ts';

const { host, port } = loadConfig({});
/** What an app under test calls itself. */
export const testIssuer = `http://${host}:${port}`;

/** Signs with the keys of this app, which are in its database. */
export function signerFor({ database }: Pick<TestApp, 'database'>): AccessTokens {
  const sources = createSources();
  const sealing = createSealing(testSecret, sources.randomBytes);
  const keys = createKeys({ ...sources, prisma: database.prisma, sealing });
  return createAccessTokens({ ...sources, keys, issuer: () => testIssuer });
}
