/** Making an organization, and changing what it is called. */
import type { Context } from '../context.ts';
import { ConflictError, InvalidInputError } from '../errors.ts';
import type { Organization } from '../generated/prisma/client.ts';
import { enforce, lockAccount } from './accounts.ts';
import { type FieldChanges, record } from './audit.ts';
import { requireUser } from './caller.ts';
import { createOrganizationInput, parseInput, updateOrganizationInput } from './input.ts';
import { addMember } from './membership-changes.ts';
import { changeOrganization, keepingActor, readMemberships } from './organization-lock.ts';
import type { OrganizationQuery } from './organizations.ts';
import { decideCreateOrganization, decideRunOrganization } from './policy.ts';
import { claimingSubDomain, insertOrganization } from './sub-domains.ts';
import { type Transaction, transact } from './transaction.ts';

/** How many organizations one person may own by making them. */
const mostOwned = 100;

export interface CreateOrganizationInput {
  readonly name: string;
  /** The label of the organization in addresses; made of the name, when absent. */
  readonly subDomain?: string | null | undefined;
}

/** Makes an organization, which the acting person owns. @throws {SubDomainTakenError} */
export async function createOrganization(
  context: Context,
  input: CreateOrganizationInput,
  query: () => OrganizationQuery,
): Promise<Organization> {
  const { id: userId } = requireUser(context);
  enforce(decideCreateOrganization(context.actor));
  const { name, subDomain = null } = parseInput(createOrganizationInput, input);
  const id = context.newId();
  return keepingActor(context, () =>
    transact(context, async (tx) => {
      await lockAccount(context, tx, { id: userId, path: [] }, {});
      await requireRoom(tx, userId);
      const at = { createdAt: context.now(), updatedAt: context.now() };
      const label = await insertOrganization(context, tx, { id, name, subDomain, ...at });
      const changes = { name: { before: null, after: name }, subDomain: { before: null, after: label } };
      await recordOrganization(context, tx, { id, action: 'organization.create', changes });
      await addMember(context, tx, { organizationId: id, userId, role: 'OWNER' });
      await readMemberships(context, tx);
      return (await tx.organization.findUniqueOrThrow({ where: { id }, ...query() })) as Organization;
    }),
  );
}

async function requireRoom(tx: Transaction, userId: string): Promise<void> {
  if ((await tx.membership.count({ where: { userId, role: 'OWNER' } })) < mostOwned) return;
  const message = `would be one more than the ${mostOwned} organizations that a person may own`;
  throw new InvalidInputError([{ path: ['input'], code: 'NOT_ALLOWED', message }]);
}

export interface UpdateOrganizationInput {
  readonly name?: string | null | undefined;
  readonly subDomain?: string | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

/** Changes what an organization is called: absent keeps, and nothing can be cleared. One that changes nothing writes nothing. */
export function updateOrganization(
  context: Context,
  { id, input: { expectedVersion, ...input } }: { id: string; input: UpdateOrganizationInput },
  query: () => OrganizationQuery,
): Promise<Organization> {
  return changeOrganization(context, { id, path: ['id'] }, async (tx, before) => {
    enforce(decideRunOrganization(context.actor, id, 'users:write'));
    const update = parseInput(updateOrganizationInput, input);
    if (expectedVersion != null && expectedVersion !== before.version)
      throw new ConflictError(before.version, 'organization');
    const fields = (['name', 'subDomain'] as const).filter(
      (field) => update[field] !== undefined && update[field] !== before[field],
    );
    if (fields.length > 0) {
      const data = Object.fromEntries(fields.map((field) => [field, update[field]]));
      await claimingSubDomain(() =>
        tx.organization.update({
          where: { id },
          data: { ...data, version: { increment: 1 }, updatedAt: context.now() },
          select: { id: true },
        }),
      );
      const changes = Object.fromEntries(
        fields.map((field) => [field, { before: before[field], after: update[field] ?? null }]),
      );
      await recordOrganization(context, tx, { id, action: 'organization.update', changes });
    }
    return (await tx.organization.findUniqueOrThrow({ where: { id }, ...query() })) as Organization;
  });
}

export function recordOrganization(
  context: Context,
  tx: Transaction,
  {
    id,
    ...change
  }: {
    readonly id: string;
    readonly action: 'organization.create' | 'organization.update' | 'organization.delete';
    readonly changes?: FieldChanges;
  },
): Promise<void> {
  const subject = { type: 'Organization', id } as const;
  return record(context, tx, { ...change, subject, about: id, organizationId: id });
}
