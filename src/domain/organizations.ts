import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { Organization, Prisma } from '../generated/prisma/client.ts';
import { requireCaller } from './caller.ts';
import { readOwnOrganizations } from './own-account.ts';
import { type Role, visibility } from './policy.ts';
import { inOrder, selecting } from './selection.ts';

export interface OrganizationQuery {
  readonly select?: Prisma.OrganizationSelect;
  readonly include?: Prisma.OrganizationInclude;
}

/** The organizations that exist for the actor: its own; all, for superusers. */
export function visibleOrganizationWhere({ actor }: Pick<Context, 'actor'>): Prisma.OrganizationWhereInput {
  const sees = visibility(actor);
  return sees.everything ? {} : { id: { in: [...sees.organizationIds] } };
}

export async function findOrganizations(context: Context, ids: readonly string[], query: OrganizationQuery) {
  requireCaller(context);
  const rows = (await context.prisma.organization.findMany({
    where: { AND: [{ id: { in: [...ids] } }, visibleOrganizationWhere(context)] },
    ...selecting(query, { id: true }),
  })) as Organization[];
  return inOrder(ids, rows);
}

export async function findOrganization(context: Context, id: string, query: OrganizationQuery) {
  return (await findOrganizations(context, [id], query))[0] ?? null;
}

/** @throws {NotFoundError} when the actor cannot see the organization */
export async function requireOrganization(
  context: Context,
  id: string,
  path: readonly string[],
): Promise<void> {
  if ((await findOrganization(context, id, { select: { id: true } })) === null) throw new NotFoundError(path);
}

export interface OwnOrganization {
  readonly organization: Organization;
  /** Null for the organization's own token and for its service accounts. */
  readonly role: Role | null;
}

/** The organizations of the caller: its memberships in the order of joining; that of a token or a service account. */
export async function listOwnOrganizations(
  context: Context,
  query: OrganizationQuery,
): Promise<OwnOrganization[]> {
  const { user, organizationId } = context.actor;
  const roles = new Map<string, Role | null>(user?.memberships.map((m) => [m.organizationId, m.role]));
  const own = organizationId ?? user?.organizationId;
  if (own) roles.set(own, null);
  if (roles.size === 0) return [];
  const ids = [...roles.keys()];
  const load = (within = context) => findOrganizations(within, ids, query);
  const organizations = await readOwnOrganizations(context, { ids, query }, load);
  return organizations.flatMap((organization) =>
    organization === null ? [] : [{ organization, role: roles.get(organization.id) ?? null }],
  );
}
