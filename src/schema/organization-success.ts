import type { Organization as OrganizationRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { Organization } from './organization.ts';

/** The success of a mutation that answers with the organization. */
export function organizationSuccess(name: string, description: string) {
  return builder.objectRef<{ organization: OrganizationRow }>(name).implement({
    description,
    fields: (t) => ({
      organization: t.field({
        type: Organization,
        description: 'The organization as it is now.',
        resolve: ({ organization }) => organization,
      }),
    }),
  });
}
