import { scopes } from '../domain/policy.ts';
import { problemCodes } from '../errors.ts';
import { builder } from './builder.ts';

export const UserKind = builder.enumType('UserKind', {
  description: 'What stands behind an account.',
  values: {
    HUMAN: { description: 'A person who signs in.' },
    SERVICE_ACCOUNT: { description: 'A program of an organization. It uses API tokens and never signs in.' },
    MANAGED: { description: 'A person whose account another user manages. It never signs in.' },
    INTERNAL: { description: 'An account of the system itself. Nobody sees or changes it.' },
  } as const,
});

export const UserStatus = builder.enumType('UserStatus', {
  description: 'Where an account is in its life.',
  values: {
    PENDING: { description: 'Made, but not ready to be used yet.' },
    ACTIVE: { description: 'In use.' },
    SUSPENDED: { description: 'Stopped by a superuser: none of its credentials work.' },
    DELETING: { description: 'Being erased: none of its credentials work.' },
  } as const,
});

export const MembershipRole = builder.enumType('MembershipRole', {
  description: 'What a member may do in an organization.',
  values: {
    OWNER: { description: 'Everything. An organization always has one.' },
    ADMIN: { description: 'Run its service accounts and tokens, and its members but owners.' },
    MEMBER: { description: 'See the organization and its members.' },
  } as const,
});

const scopeDescriptions: Record<(typeof scopes)[number], string> = {
  openid: 'Tell who the user is (OpenID Connect).',
  profile: 'Read private facts: e-mail addresses, phone numbers, metadata, identities, sessions.',
  offline_access: 'Stay signed in while the user is away (OpenID Connect).',
  'data:read': 'Read data records.',
  'data:write': 'Write data records.',
  'users:write': 'Create, change and delete accounts, as far as the user may.',
  'tokens:write': 'List, make and revoke API tokens.',
  admin: "Use a superuser's powers.",
};

const scopeEntries = scopes.map((value) => {
  const name = value.toUpperCase().replace(':', '_');
  return [name, { value, description: `\`${value}\`: ${scopeDescriptions[value]}` }] as const;
});

export const ScopeEnum = builder.enumType('Scope', {
  description: 'What a credential may be narrowed to. A session has all of them.',
  values: Object.fromEntries(scopeEntries) as Record<
    string,
    { value: (typeof scopes)[number]; description: string }
  >,
});

const problemDescriptions: Record<(typeof problemCodes)[number], string> = {
  REQUIRED: 'A value is needed and there is none.',
  INVALID: 'The value has the wrong form.',
  TOO_SHORT: 'The value is too short.',
  TOO_LONG: 'The value is too long.',
  TOO_DEEP: 'The value nests too deeply.',
  IMMUTABLE: 'The value cannot change.',
  NOT_ALLOWED: 'The value cannot be set here.',
};

export const InputProblemCode = builder.enumType('InputProblemCode', {
  description: 'What is wrong with one value of an input.',
  values: Object.fromEntries(
    problemCodes.map((code) => [code, { description: problemDescriptions[code] }]),
  ) as Record<(typeof problemCodes)[number], { description: string }>,
});

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { value: 'asc', description: 'The smallest, oldest or first in the alphabet.' },
    DESC: { value: 'desc', description: 'The largest, newest or last in the alphabet.' },
  } as const,
});

export const UserRelation = builder.enumType('UserRelation', {
  description: 'What an account can be to you.',
  values: {
    SELF: { description: 'Your own account.' },
    MANAGED: { description: 'An account that you manage.' },
    SHARING: { description: 'An account that shares with you.' },
  } as const,
});
