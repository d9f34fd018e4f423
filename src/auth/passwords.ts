import { hash, verify } from '@node-rs/argon2';

/** argon2id as OWASP's Password Storage Cheat Sheet sets it: 19 MiB, 2 passes, 1 lane. The library's default is argon2id. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** A hash of a password that nobody has, with the same parameters, so that an unknown name costs the same time. */
const nobody =
  '$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5nIHJhbmRvbQ$E2hFQFhFWUxPVVVQVFtbUVVUWlZaV1NYUllVXFVRWlU';

export function hashPassword(password: string, randomBytes: (size: number) => Uint8Array): Promise<string> {
  return hash(password, { ...parameters, salt: randomBytes(16) });
}

/** Verifies in the same time whether or not there is a stored hash. */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  const matches = await verify(stored ?? nobody, password);
  return stored !== undefined && matches;
}
