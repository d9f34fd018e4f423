/** The sub-domains of organizations: labels of addresses, unique among all. */
import type { Context } from '../context.ts';
import { SubDomainTakenError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { isUniqueViolation } from './database-errors.ts';
import type { Transaction } from './transaction.ts';

/** How long the label of a host name may be (RFC 1035). */
const longest = 63;
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'; // no two of them look alike

/** A label that says the name, as far as letters and digits do. */
export function subDomainOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const label = plain.replace(/[^a-z0-9]+/g, '-').slice(0, longest);
  return label.replace(/^-+|-+$/g, '') || 'organization';
}

/** Writes a new organization: with the wanted sub-domain, or with one like its name that nobody has. */
export async function insertOrganization(
  { randomBytes }: Pick<Context, 'randomBytes'>,
  tx: Transaction,
  { subDomain, ...row }: Omit<Prisma.OrganizationCreateManyInput, 'subDomain'> & { subDomain: string | null },
): Promise<string> {
  const label = subDomainOf(row.name);
  const suffixed = () =>
    `${label.slice(0, longest - 7).replace(/-+$/, '')}-${[...randomBytes(6)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('')}`;
  const candidates = subDomain === null ? [label, suffixed(), suffixed(), suffixed()] : [subDomain];
  for (const candidate of candidates) {
    // A taken one is passed over by the database itself, so that the transaction goes on.
    const { count } = await tx.organization.createMany({
      data: [{ ...row, subDomain: candidate }],
      skipDuplicates: true,
    });
    if (count > 0) return candidate;
  }
  throw new SubDomainTakenError();
}

/** Runs a write that claims a sub-domain. */
export async function claimingSubDomain<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw isUniqueViolation(error) ? new SubDomainTakenError() : error;
  }
}
