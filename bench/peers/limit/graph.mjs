import { decodeId, encodeId } from '../shared/ids.mjs';
import { callerOf, isGood, organizationsOf } from './statements.mjs';

const graphOrganizations = (user) =>
  `${organizationsOf(user, "'id', o.id, 'name', o.name")} AS organizations`;
const withIds = (organizations) => ({
  nodes: organizations.map(({ id, name }) => ({ id: encodeId('org', id), name })),
});

/** What each query needs: its statement, its values after the token, and its answer made of the rows. */
export const graphAnswers = {
  me: {
    name: 'me',
    text: `SELECT c.id, c.name, e.address AS email, ${graphOrganizations('c')}
      FROM ${callerOf} LEFT JOIN emails e ON e.user_id = c.id AND e.is_default WHERE ${isGood}`,
    answer: ([{ id, name, email, organizations }]) => ({
      data: { me: { id: encodeId('user', id), name, email, organizations: withIds(organizations) } },
    }),
  },
  users: {
    name: 'users',
    text: `SELECT u.id, u.username, u.name, u.first_name, u.last_name, u.display_name, u.company, u.job_title,
        u.created_at, u.updated_at, ${graphOrganizations('u')}
      FROM (SELECT c.id FROM ${callerOf} WHERE ${isGood} AND c.is_superuser) caller
      CROSS JOIN LATERAL (SELECT * FROM users WHERE kind <> 'INTERNAL' AND status <> 'DELETING'
        ORDER BY created_at DESC, id DESC LIMIT 100) u
      ORDER BY u.created_at DESC, u.id DESC`,
    answer: (rows) => ({ data: { users: { nodes: rows.map(listed) } } }),
  },
  node: {
    name: 'node',
    text: `SELECT u.id, u.name, u.display_name FROM ${callerOf} CROSS JOIN users u
      WHERE ${isGood} AND c.is_superuser AND u.id = $2`,
    values: ({ id }) => [decodeId(id)],
    answer: ([{ id, name, display_name: displayName }]) => ({
      data: { node: { id: encodeId('user', id), name, displayName } },
    }),
  },
  updateMe: {
    name: 'updateMe',
    text: `UPDATE users u SET job_title = $2, version = u.version + 1, updated_at = now()
      FROM ${callerOf} WHERE ${isGood} AND u.id = c.id RETURNING u.id, u.version`,
    values: ({ input }) => [input.jobTitle],
    answer: ([{ id, version }]) => ({ data: { updateMe: { user: { id: encodeId('user', id), version } } } }),
  },
};

const listed = (row) => ({
  id: encodeId('user', row.id),
  username: row.username,
  name: row.name,
  firstName: row.first_name,
  lastName: row.last_name,
  displayName: row.display_name,
  company: row.company,
  jobTitle: row.job_title,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  organizations: withIds(row.organizations),
});
