import { katapultView, profileView, sweatstackView, zenmlView } from '../shared/rest-views.mjs';
import { callerOf, isGood, organizationsOf } from './statements.mjs';

const list = (
  table,
  fields,
  order,
) => `(SELECT coalesce(json_agg(json_build_object(${fields}) ORDER BY ${order}), '[]')
  FROM ${table} x WHERE x.user_id = c.id)`;
const times = `'createdAt', x.created_at, 'updatedAt', x.updated_at`;

/** By path: what each needs, as in the graph. */
export const restAnswers = {
  '/core/v1/users/current': {
    name: 'current',
    text: `SELECT c.id, c.first_name AS "firstName", c.last_name AS "lastName", c.avatar_url AS "avatarUrl", t.id AS "tokenId",
        ${organizationsOf('c', "'id', o.id, 'name', o.name, 'subDomain', o.sub_domain")} AS organizations
      FROM ${callerOf} WHERE ${isGood}`,
    answer: ([row]) => katapultView(row, row.organizations, row.tokenId),
  },
  '/me': {
    name: 'profile',
    text: `SELECT c.id, c.status, c.display_name AS "displayName", c.bio, c.avatar_url AS "avatarUrl", c.locale,
        c.time_zone AS "timeZone", c.created_at AS "createdAt", c.updated_at AS "updatedAt",
        EXISTS (SELECT FROM passwords p WHERE p.user_id = c.id) AS "hasPassword",
        (SELECT count(*)::int FROM sessions s WHERE s.user_id = c.id AND s.revoked_at IS NULL AND s.expires_at > now()
          AND s.last_used_at > now() - interval '14 days') AS "activeSessions",
        ${list('emails', `'id', x.id, 'address', x.address, 'isDefault', x.is_default, 'verifiedAt', x.verified_at, ${times}`, 'x.is_default DESC, x.created_at, x.id')} AS emails,
        ${list('oauth_identities', `'id', x.id, 'name', x.name, 'email', x.email, 'avatarUrl', x.avatar_url, 'provider', x.provider, ${times}`, 'x.is_primary DESC, x.created_at, x.id')} AS identities,
        ${list('phone_numbers', `'id', x.id, 'number', x.number, 'isPrimary', x.is_primary, 'verifiedAt', x.verified_at, ${times}`, 'x.is_primary DESC, x.created_at, x.id')} AS "phoneNumbers"
      FROM ${callerOf} WHERE ${isGood}`,
    answer: ([row]) => profileView(row),
  },
  '/api/v1/users/': {
    name: 'sweatstack',
    text: `SELECT u.id, u.first_name AS "firstName", u.last_name AS "lastName", u.display_name AS "displayName", u.kind
      FROM ${callerOf} JOIN users u ON u.id = c.id OR (u.manager_id = c.id AND u.kind <> 'INTERNAL')
      WHERE ${isGood} AND u.status <> 'DELETING' ORDER BY (u.id = c.id) DESC, u.created_at, u.id`,
    answer: (rows) => rows.map(sweatstackView),
  },
  '/users?limit=100': {
    name: 'zenml',
    text: `SELECT u.id, u.kind, u.status, u.username, u.name, u.avatar_url AS "avatarUrl", u.company, u.job_title AS "jobTitle",
        u.metadata, u.is_superuser AS "isSuperuser", u.is_onboarded AS "isOnboarded", u.organization_id AS "organizationId",
        p.expired, e.address AS email, i.provider, i.subject
      FROM (SELECT c.id FROM ${callerOf} WHERE ${isGood} AND c.is_superuser) caller
      CROSS JOIN LATERAL (SELECT * FROM users WHERE kind <> 'INTERNAL' AND status <> 'DELETING'
        ORDER BY created_at, id LIMIT 100) u
      LEFT JOIN passwords p ON p.user_id = u.id
      LEFT JOIN emails e ON e.user_id = u.id AND e.is_default
      LEFT JOIN oauth_identities i ON i.user_id = u.id AND i.is_primary
      ORDER BY u.created_at, u.id`,
    answer: (rows) => rows.map(zenmlView),
  },
};
