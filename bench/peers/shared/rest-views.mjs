/** The answers of the REST work: what the product's dialects answer, key by key. */

/** JSON that PostgreSQL made has moments as text in a form of its own. */
const moment = (value) => (value instanceof Date ? value : new Date(value)).toISOString();

export const katapultView = (user, organizations, tokenId) => ({
  user: {
    id: user.id,
    first_name: user.firstName ?? '',
    last_name: user.lastName ?? '',
    avatar_url: user.avatarUrl ?? '',
  },
  organizations: organizations.map(({ id, name, subDomain }) => ({ id, name, sub_domain: subDomain })),
  api_token_id: tokenId,
});

const statuses = { PENDING: 'pending', ACTIVE: 'active', SUSPENDED: 'banned', DELETING: 'banned' };

export const profileView = (user) => ({
  id: user.id,
  status: statuses[user.status],
  name: user.displayName,
  bio: user.bio ?? undefined,
  activeSessions: user.activeSessions,
  createdAt: moment(user.createdAt),
  updatedAt: moment(user.updatedAt),
  emails: user.emails.map((email) => emailView(email, user)),
  defaultEmail: user.emails.find(({ isDefault }) => isDefault)?.address,
  identities: user.identities.map(identityView),
  avatarUrl: user.avatarUrl ?? undefined,
  phoneNumber: user.phoneNumbers.find(({ isPrimary }) => isPrimary)?.number,
  phoneNumbers: user.phoneNumbers.map((phone) => phoneView(phone, user)),
  locale: user.locale ?? undefined,
  timezone: user.timeZone ?? undefined,
});

const emailView = (email, user) => ({
  id: email.id,
  userId: user.id,
  email: email.address,
  verified: email.verifiedAt !== null,
  passwordSet: user.hasPassword,
  tokenSet: true, // the one that was presented
  createdAt: moment(email.createdAt),
  updatedAt: moment(email.updatedAt),
});

const identityView = (identity) => ({
  id: identity.id,
  name: identity.name ?? undefined,
  email: identity.email ?? undefined,
  avatarUrl: identity.avatarUrl ?? undefined,
  provider: identity.provider,
  createdAt: moment(identity.createdAt),
  updatedAt: moment(identity.updatedAt),
});

const phoneView = (phone, user) => ({
  id: phone.id,
  userId: user.id,
  phoneNumber: phone.number,
  verified: phone.verifiedAt !== null,
  primary: phone.isPrimary,
  createdAt: moment(phone.createdAt),
  updatedAt: moment(phone.updatedAt),
});

export const sweatstackView = (user) => ({
  id: user.id,
  first_name: user.firstName,
  last_name: user.lastName,
  scopes: ['data:read', 'data:write'],
  display_name: user.displayName,
  is_managed: user.kind === 'MANAGED',
});

export const zenmlView = (user) => ({
  password: null,
  password_expired: user.expired,
  name: user.name,
  avatar_url: user.avatarUrl,
  company: user.company,
  job_title: user.jobTitle,
  metadata: user.metadata,
  id: user.id,
  username: user.username,
  email: user.email,
  oauth_provider: user.provider,
  oauth_id: user.subject,
  is_active: user.status === 'ACTIVE',
  is_superuser: user.isSuperuser,
  is_service_account: user.kind === 'SERVICE_ACCOUNT',
  organization_id: user.organizationId,
  is_onboarded: user.isOnboarded,
});
