/** JSON Schemas of the responses, from which Fastify makes its serializers. */
const text = { type: 'string' };
const orNull = { type: 'string', nullable: true };
const flag = { type: 'boolean' };
const object = (properties) => ({ type: 'object', properties });
const list = (properties) => ({ type: 'array', items: object(properties) });
const times = { createdAt: text, updatedAt: text };

export const currentSchema = object({
  user: object({ id: text, first_name: text, last_name: text, avatar_url: text }),
  organizations: list({ id: text, name: text, sub_domain: text }),
  api_token_id: orNull,
});

export const profileSchema = object({
  id: text,
  status: text,
  name: text,
  bio: text,
  activeSessions: { type: 'integer' },
  ...times,
  emails: list({
    id: text,
    userId: text,
    email: text,
    verified: flag,
    passwordSet: flag,
    tokenSet: flag,
    ...times,
  }),
  defaultEmail: text,
  identities: list({ id: text, name: text, email: text, avatarUrl: text, provider: text, ...times }),
  avatarUrl: text,
  phoneNumber: text,
  phoneNumbers: list({ id: text, userId: text, phoneNumber: text, verified: flag, primary: flag, ...times }),
  locale: text,
  timezone: text,
});

export const sweatstackSchema = list({
  id: text,
  first_name: orNull,
  last_name: orNull,
  scopes: { type: 'array', items: text },
  display_name: text,
  is_managed: flag,
});
