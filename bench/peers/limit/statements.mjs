/** The token that was presented as `t`, with its account as `c`, if both are good. */
export const callerOf = `api_tokens t JOIN users c ON c.id = t.user_id AND c.status = 'ACTIVE'`;
export const isGood = 't.token_hash = $1 AND t.revoked_at IS NULL AND t.expires_at > now()';

/** The organizations of an account as JSON, in the order of joining. */
export const organizationsOf = (user, fields) => `(
  SELECT coalesce(json_agg(json_build_object(${fields}) ORDER BY m.created_at, m.organization_id), '[]')
  FROM memberships m JOIN organizations o ON o.id = m.organization_id WHERE m.user_id = ${user}.id)`;
