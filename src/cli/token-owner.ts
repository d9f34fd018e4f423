import type { Context } from '../context.ts';
import type { TokenOwner } from '../domain/api-tokens.ts';
import { decodeId, isUuid, type NodeType } from '../domain/ids.ts';
import { findOrganization } from '../domain/organizations.ts';
import { findUser } from '../domain/users.ts';
import { InvalidIdError } from '../errors.ts';
import { UsageError } from './usage-error.ts';

export interface OwnerOptions {
  /** A username, an e-mail address or an id. */
  readonly user?: string;
  /** A sub-domain or an id. */
  readonly organization?: string;
}

/** Whose tokens are meant; null when nobody is named. @throws {UsageError} when there is no such owner */
export async function findOwner(
  context: Context,
  { user, organization }: OwnerOptions,
): Promise<TokenOwner | null> {
  if (user !== undefined && organization !== undefined)
    throw new UsageError('A token has one owner: name a user or an organization.');
  if (user !== undefined) return findUserNamed(context, user);
  return organization === undefined ? null : findOrganizationNamed(context, organization);
}

async function findUserNamed(context: Context, name: string): Promise<TokenOwner> {
  const query = { select: { id: true } };
  const id = readId(name, 'User');
  const found =
    id !== null
      ? await findUser(context, { id }, query)
      : ((await findUser(context, { username: name }, query)) ??
        (await findUser(context, { email: name }, query)));
  if (found === null) throw new UsageError(`There is no account ${name}.`);
  return { type: 'User', id: found.id };
}

async function findOrganizationNamed(context: Context, name: string): Promise<TokenOwner> {
  const named = { where: { subDomain: name }, select: { id: true } };
  const id = readId(name, 'Organization') ?? (await context.prisma.organization.findUnique(named))?.id;
  const found = id === undefined ? null : await findOrganization(context, id, { select: { id: true } });
  if (found === null) throw new UsageError(`There is no organization ${name}.`);
  return { type: 'Organization', id: found.id };
}

/** The UUID that an id of this type is, as the graph writes it or bare; null for any other text. */
export function readId(text: string, type: NodeType): string | null {
  if (isUuid(text)) return text.toLowerCase();
  try {
    const decoded = decodeId(text);
    return decoded.type === type ? decoded.uuid : null;
  } catch (error) {
    if (error instanceof InvalidIdError) return null;
    throw error;
  }
}
