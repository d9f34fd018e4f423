/** What webhooks can be told of. */
import type { EventType as Type } from '../domain/audit.ts';
import { builder } from './builder.ts';

const descriptions: Record<Type, string> = {
  'client.registered': 'An OAuth2 client was registered.',
  'client.revoked': 'An OAuth2 client was revoked.',
  'client.updated': 'An OAuth2 client was changed.',
  'consent.given': 'A user let an OAuth2 client act for it.',
  'consent.withdrawn': 'A user took back what it had let an OAuth2 client do.',
  'erasure.completed':
    'Nothing of an account is left, here or with those who own data of it; the receipt is signed.',
  'erasure.requested': 'An account is being erased: who owns data of it erases that, too.',
  'export.created': 'An export of all that is held about a person was made.',
  'export.downloaded': 'An export of all that is held about a person was downloaded.',
  'invitation.created': 'Somebody was invited.',
  'invitation.revoked': 'An invitation was taken back.',
  'key.registered': 'An organization registered a signing key.',
  'key.retired': 'An organization retired a signing key.',
  'member.invited': 'Somebody was invited to an organization.',
  'member.joined': 'An account became a member of an organization.',
  'member.left': 'A member left an organization.',
  'member.removed': 'A member was removed from an organization.',
  'member.role_changed': 'A member got another role in an organization.',
  'organization.created': 'An organization was made.',
  'organization.deleted': 'An organization was deleted.',
  'organization.updated': 'An organization was changed.',
  'ownership.transferred': 'An organization got another owner.',
  'record.created': 'A data record was written.',
  'record.deleted': 'A data record was deleted.',
  'record.replaced': 'A data record was replaced.',
  'records.imported': 'Data records were imported.',
  'session.created': 'Somebody signed in.',
  'session.revoked': 'A session was ended.',
  'share.created': 'An account was shared with another one.',
  'share.revoked': 'A share was ended.',
  'share.updated': 'What is shared with another account was changed.',
  'token.created': 'An API token was made.',
  'token.revoked': 'An API token was revoked.',
  'token.rotated': 'An API token got a new secret.',
  'user.created': 'An account was made.',
  'user.deleted': 'An account is gone, with all that it owned here.',
  'user.deleting': 'An account was deleted: none of its credentials work any more.',
  'user.password_changed': 'The password of an account was changed.',
  'user.restored': 'The deletion of an account was undone.',
  'user.suspended': 'An account was suspended: none of its credentials work any more.',
  'user.updated': 'Facts about an account were changed.',
  'webhook.created': 'A webhook was made.',
  'webhook.deleted': 'A webhook was deleted.',
  'webhook.disabled': 'A webhook said that it is gone, and is sent nothing any more.',
  'webhook.updated': 'A webhook was changed, got a new secret, or was sent something again.',
};

const values = Object.entries(descriptions).map(([value, description]) => {
  const name = value.toUpperCase().replace('.', '_');
  return [name, { value: value as Type, description: `\`${value}\`: ${description}` }] as const;
});

export const EventType = builder.enumType('EventType', {
  description: 'What happened, as webhooks are told of it.',
  values: Object.fromEntries(values) as Record<string, { value: Type; description: string }>,
});
