/** Every field of every view of the dialects, and the field of the graph that it stands for. */
import { decodeId } from '../../../src/domain/ids.ts';
import { fact, listOf, type Mapping, optional, partOf, type Source, same } from './mapping.ts';

const uuidOf = fact('id', ({ id }) => decodeId(id).uuid);
const orEmpty = (field: string) => fact(field, (source) => source[field] ?? '');

export const zenmlUser: Mapping = {
  password: null,
  password_expired: null,
  name: same('name'),
  avatar_url: same('avatarUrl'),
  company: same('company'),
  job_title: same('jobTitle'),
  metadata: same('metadata'),
  id: same('uuid'),
  username: same('username'),
  email: same('email'),
  oauth_provider: same('oauthProvider'),
  oauth_id: same('oauthId'),
  is_active: same('isActive'),
  is_superuser: same('isSuperuser'),
  is_service_account: same('isServiceAccount'),
  organization_id: fact('organization { uuid }', ({ organization }) => organization?.uuid ?? null),
  is_onboarded: same('isOnboarded'),
};

/** Of `viewer`, asked with the token itself: no two tokens are equal, but what they open is. */
export const zenmlToken: Mapping = {
  access_token: fact('user { uuid } credential { kind }', ({ user, credential }) => [user, credential.kind]),
  token_type: null,
  expires_in: fact('credential { expiresAt }', () => 'no longer than the token'),
  device_id: null,
  device_metadata: null,
};

/** The scopes that the dialect has a word for, in its order. */
const sweatstackScopes = {
  DATA_READ: 'data:read',
  DATA_WRITE: 'data:write',
  ADMIN: 'admin',
  OPENID: 'openid',
  PROFILE: 'profile',
  OFFLINE_ACCESS: 'offline_access',
};

/** The caller and the users that it manages are listed with the default scopes only. */
function scopesOf({ grantedScopes, uuid, manager }: Source, root: Source): string[] {
  const isOwn = [uuid, manager?.uuid].includes(root.me?.uuid);
  const granted = Object.entries(sweatstackScopes).filter(([scope]) => grantedScopes.includes(scope));
  return granted
    .map(([, word]) => word)
    .filter((word) => !isOwn || ['data:read', 'data:write'].includes(word));
}

export const sweatstackSummary: Mapping = {
  id: same('uuid'),
  first_name: same('firstName'),
  last_name: same('lastName'),
  scopes: fact('grantedScopes uuid manager { uuid }', scopesOf),
  display_name: same('displayName'),
  is_managed: same('isManaged'),
};

export const sweatstackUser: Mapping = {
  id: same('uuid'),
  first_name: same('firstName'),
  last_name: same('lastName'),
  admin: same('isSuperuser'),
  registered_at: same('createdAt'),
  display_name: same('displayName'),
  is_managed: same('isManaged'),
};

export const sweatstackInfo: Mapping = {
  sub: same('uuid'),
  given_name: same('firstName'),
  family_name: same('lastName'),
  email: same('email'),
  registered_at: same('createdAt'),
  name: same('displayName'),
};

/** Of a token that acts for another account. */
export const sweatstackDelegated: Mapping = {
  access_token: fact('user { uuid }', ({ user }) => user.uuid),
  token_type: null,
  expires_in: fact('accessToken { expiresIn }', ({ accessToken }) => accessToken.expiresIn),
  refresh_token: null,
  scope: fact('scopes', ({ scopes }) =>
    scopes.map((scope: keyof typeof sweatstackScopes) => sweatstackScopes[scope]).join(' '),
  ),
};

/** Of `viewer`, asked with the token itself. */
export const sweatstackToken: Mapping = {
  access_token: fact('user { uuid } credential { kind id }', ({ user, credential }) => [user, credential]),
  refresh_token: null,
};

export const katapultUser: Mapping = {
  id: same('uuid'),
  first_name: orEmpty('firstName'),
  last_name: orEmpty('lastName'),
  avatar_url: orEmpty('avatarUrl'),
};

const katapultOrganization: Mapping = {
  id: fact('organization { uuid }', ({ organization }) => organization.uuid),
  name: fact('organization { name }', ({ organization }) => organization.name),
  sub_domain: fact('organization { subDomain }', ({ organization }) => organization.subDomain),
};

/** Of `viewer`. */
export const katapultCurrent: Mapping = {
  user: partOf('user', katapultUser),
  organizations: listOf('organizations', katapultOrganization),
  api_token_id: fact('credential { kind id }', ({ credential: { kind, id } }) =>
    kind === 'API_TOKEN' ? decodeId(id).uuid : null,
  ),
};

const birdEmail: Mapping = {
  id: uuidOf,
  userId: fact('', (_email, me) => me.uuid),
  email: same('address'),
  verified: same('isVerified'),
  passwordSet: null,
  tokenSet: fact('', (_email, me) => hasToken(me)),
  createdAt: same('createdAt'),
  updatedAt: same('updatedAt'),
};

/** Whether an account has a good token. One that asks is such; the list is for those who have `tokens:write`. */
const hasToken = ({ asksByToken, apiTokens }: Source) =>
  asksByToken || apiTokens.nodes.some((token: Source) => token.isActive);

const birdIdentity: Mapping = {
  id: uuidOf,
  name: optional('name'),
  email: optional('email'),
  avatarUrl: optional('avatarUrl'),
  provider: same('provider'),
  createdAt: same('createdAt'),
  updatedAt: same('updatedAt'),
};

const birdPhoneNumber: Mapping = {
  id: uuidOf,
  userId: fact('', (_phone, me) => me.uuid),
  phoneNumber: same('number'),
  verified: same('isVerified'),
  primary: same('isPrimary'),
  createdAt: same('createdAt'),
  updatedAt: same('updatedAt'),
};

const birdStatuses: Readonly<Record<string, string>> = {
  PENDING: 'pending',
  ACTIVE: 'active',
  SUSPENDED: 'banned',
  DELETING: 'banned',
};

/** Of `me`, with `asksByToken`. */
export const birdProfile: Mapping = {
  id: same('uuid'),
  status: fact('status', ({ status }) => birdStatuses[status]),
  name: same('displayName'),
  bio: optional('bio'),
  activeSessions: same('activeSessionCount'),
  createdAt: same('createdAt'),
  updatedAt: same('updatedAt'),
  emails: listOf('emails', birdEmail, 'uuid apiTokens(first: 100) { nodes { isActive } }'),
  defaultEmail: optional('email'),
  identities: listOf('identities', birdIdentity),
  avatarUrl: optional('avatarUrl'),
  phoneNumber: optional('phoneNumber'),
  phoneNumbers: listOf('phoneNumbers', birdPhoneNumber),
  locale: optional('locale'),
  timezone: optional('timeZone'),
};

/** Of one of `me.sessions`. */
export const birdSession: Mapping = {
  userId: fact('', (_session, me) => me.uuid),
  tokenId: uuidOf,
  ip: optional('ipAddress'),
  userAgent: optional('userAgent'),
  country: null,
  region: null,
  city: null,
  createdAt: same('createdAt'),
  updatedAt: same('lastUsedAt'),
};
