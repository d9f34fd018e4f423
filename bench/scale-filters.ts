/** Every filter of `users`, with values that are in the database. */
import type pg from 'pg';
import { encodeId } from '../dist/domain/ids.js';

/** Values that are in the database. */
export interface Facts {
  readonly ids: string[];
  readonly email: string;
  readonly username: string;
  readonly oauthId: string;
  readonly organizations: { large: string; usual: string };
  /** Name parts, by how many accounts have them. */
  readonly rareName: string;
}

export async function readFacts(client: pg.Client): Promise<Facts> {
  const one = async <T extends object>(sql: string) => (await client.query<T>(sql)).rows;
  const ids = await one<{ id: string }>('SELECT id FROM users ORDER BY md5(id::text) LIMIT 100');
  const [person] = await one<{ username: string; address: string; subject: string }>(
    `SELECT u.username, e.address, i.subject FROM users u JOIN emails e ON e.user_id = u.id
     JOIN oauth_identities i ON i.user_id = u.id ORDER BY u.created_at DESC LIMIT 1`,
  );
  const [usual] = await one<{ id: string }>(
    "SELECT id FROM organizations WHERE sub_domain = 'organization-7'",
  );
  const [large] = await one<{ id: string }>(
    "SELECT id FROM organizations WHERE sub_domain = 'organization-0'",
  );
  const [rare] = await one<{ name: string }>(
    'SELECT lower(last_name) AS name FROM users GROUP BY last_name HAVING count(*) > 0 ORDER BY count(*), 1 LIMIT 1',
  );
  if (!person || !usual || !large || !rare) throw new Error('The database is empty: load it first.');
  return {
    ids: ids.map(({ id }) => encodeId('User', id)),
    email: person.address,
    username: person.username,
    oauthId: person.subject,
    organizations: { large: encodeId('Organization', large.id), usual: encodeId('Organization', usual.id) },
    rareName: rare.name,
  };
}

const kinds = ['HUMAN', 'SERVICE_ACCOUNT', 'MANAGED', 'INTERNAL'];
const statuses = ['PENDING', 'ACTIVE', 'SUSPENDED', 'DELETING'];

/** Every filter alone, in the default order. */
export function filters(facts: Facts): Record<string, object> {
  return {
    'ids (1)': { ids: facts.ids.slice(0, 1) },
    'ids (100)': { ids: facts.ids },
    username: { username: facts.username },
    'username, none': { username: 'nobody.at.all' },
    email: { email: facts.email },
    'email, none': { email: 'nobody@example.org' },
    'oauthProvider, common': { oauthProvider: 'github' },
    'oauthProvider, rare': { oauthProvider: 'gitlab' },
    'oauthProvider, none': { oauthProvider: 'nowhere' },
    oauthId: { oauthId: facts.oauthId },
    'oauthProvider + oauthId': { oauthProvider: 'github', oauthId: facts.oauthId },
    'isActive: true': { isActive: true },
    'isActive: false': { isActive: false },
    ...Object.fromEntries(kinds.map((kind) => [`kinds: ${kind}`, { kinds: [kind] }])),
    'kinds: two': { kinds: ['SERVICE_ACCOUNT', 'MANAGED'] },
    ...Object.fromEntries(statuses.map((status) => [`statuses: ${status}`, { statuses: [status] }])),
    'statuses: two': { statuses: ['PENDING', 'SUSPENDED'] },
    'organizationId, large': { organizationId: facts.organizations.large },
    'organizationId, usual': { organizationId: facts.organizations.usual },
    'relations: SELF': { relations: ['SELF'] },
    'relations: MANAGED': { relations: ['MANAGED'] },
    'relations: all': { relations: ['SELF', 'MANAGED', 'SHARING'] },
    ...textFilters('displayName', facts),
    ...textFilters('search', facts),
    'search, two common words': { search: 'amara ander' },
    'search, common and rare word': { search: `amara ${facts.rareName}` },
    'search, two words in nobody together': { search: 'amara bela' },
  };
}

const textFilters = (field: 'displayName' | 'search', { rareName }: Facts) => ({
  [`${field}, common`]: { [field]: 'amara' },
  [`${field}, in between`]: { [field]: 'esther' },
  [`${field}, rare`]: { [field]: rareName },
  [`${field}, none`]: { [field]: 'qxzjvw' },
  [`${field}, two letters`]: { [field]: 'an' },
  [`${field}, two letters, none`]: { [field]: 'qx' },
});
