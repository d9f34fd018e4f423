/** What an answer of Directus says, in the words that all peers agree on. */
import type { WorkName } from '../peer.ts';

interface Row {
  readonly id: string;
  readonly name: string | null;
  readonly emails?: readonly { address: string }[];
  readonly organizations?: readonly { organization_id: { id: string; name: string } }[];
  readonly [column: string]: unknown;
}

/** The one value of a GraphQL answer's `data` is what REST has there. */
export function plainRows(work: WorkName, data: unknown): unknown {
  if (work === 'users') return (data as Row[]).map(plainUser);
  const row = data as Row;
  if (work === 'node') return { id: row.id, name: row.name, displayName: row.display_name };
  const { id, name } = row;
  return { id, name, email: row.emails?.[0]?.address ?? null, organizations: organizationsOf(row) };
}

const plainUser = (row: Row) => ({
  id: row.id,
  username: row.username,
  name: row.name,
  firstName: row.first_name,
  lastName: row.last_name,
  displayName: row.display_name,
  company: row.company,
  jobTitle: row.job_title,
  createdAt: plainTime(row.created_at),
  updatedAt: plainTime(row.updated_at),
  organizations: organizationsOf(row),
});

const plainTime = (time: unknown) => new Date(String(time)).toISOString();

const organizationsOf = ({ organizations = [] }: Row) =>
  organizations.map(({ organization_id: { id, name } }) => ({ id, name }));
