/** How an account is reached, and where else it exists. Seen only through the account's private fields. */
import { builder } from './builder.ts';

export const Email = builder.prismaObject('Email', {
  description: 'An e-mail address of an account.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the address, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'Email', id }) as never,
    }),
    address: t.expose('address', { type: 'EmailAddress' }),
    isDefault: t.exposeBoolean('isDefault'),
    isVerified: t.boolean({
      description: 'Whether the owner proved to receive mail at the address.',
      select: { verifiedAt: true },
      resolve: ({ verifiedAt }) => verifiedAt !== null,
    }),
    verifiedAt: t.expose('verifiedAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const PhoneNumber = builder.prismaObject('PhoneNumber', {
  name: 'UserPhoneNumber',
  description: 'A phone number of an account.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the number, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'PhoneNumber', id }) as never,
    }),
    number: t.expose('number', { type: 'PhoneNumber' }),
    isPrimary: t.exposeBoolean('isPrimary'),
    isVerified: t.boolean({
      description: 'Whether the owner proved to answer at the number.',
      select: { verifiedAt: true },
      resolve: ({ verifiedAt }) => verifiedAt !== null,
    }),
    verifiedAt: t.expose('verifiedAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const OAuthIdentity = builder.prismaObject('OAuthIdentity', {
  description: 'The account at an external OAuth2 provider that a user signs in with.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the identity, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'OAuthIdentity', id }) as never,
    }),
    provider: t.exposeString('provider'),
    subject: t.exposeString('subject'),
    isPrimary: t.exposeBoolean('isPrimary'),
    name: t.exposeString('name', { nullable: true }),
    email: t.expose('email', { type: 'EmailAddress', nullable: true }),
    avatarUrl: t.expose('avatarUrl', { type: 'URL', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});
