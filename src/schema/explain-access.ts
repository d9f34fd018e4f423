/** Why somebody may do something, or may not. */
import { type AccessExplanation, explainAccess } from '../domain/explain-access.ts';
import type { AccountAction, Relation } from '../domain/policy.ts';
import { builder } from './builder.ts';
import { ScopeEnum } from './enums.ts';
import { User } from './user.ts';

const actions: Record<AccountAction, [name: string, description: string]> = {
  readPrivate: ['READ_PRIVATE', 'Read its private facts.'],
  readSessions: ['READ_SESSIONS', 'List its sessions.'],
  endSession: ['END_SESSION', 'End one of its sessions.'],
  update: ['UPDATE', 'Change its profile.'],
  changeContacts: ['CHANGE_CONTACTS', 'Add, prove and remove its e-mail addresses and phone numbers.'],
  administer: ['ADMINISTER', 'Set its status, its password, or whether it is a superuser.'],
  delete: ['DELETE', 'Delete it with all it owns.'],
  listTokens: ['LIST_TOKENS', 'List and revoke its API tokens.'],
  issueToken: ['ISSUE_TOKEN', 'Make an API token for it.'],
  readShares: ['READ_SHARES', 'List what it shares, and what is shared with it.'],
  share: ['SHARE', 'Let others at it.'],
  actFor: ['ACT_FOR', 'Act for it, with a token of its own.'],
  readData: ['READ_DATA', 'Read its data records.'],
  writeData: ['WRITE_DATA', 'Create, replace, delete and import its data records.'],
  readTrail: ['READ_TRAIL', 'See what happened to it.'],
  export: ['EXPORT', 'Export all that is held about it.'],
};

const relations: Record<Relation, [name: string, description: string]> = {
  self: ['SELF', 'It is your own account.'],
  delegate: ['DELEGATE', 'You act for it.'],
  superuser: ['SUPERUSER', 'You are a superuser, with a credential that may act as one.'],
  manager: ['MANAGER', 'You manage it.'],
  operator: ['OPERATOR', 'It is a program of an organization that you run.'],
  grantee: ['GRANTEE', 'It shares with you.'],
  other: ['OTHER', 'None of these: you see it, and no more.'],
};

function enumOf<Value extends string>(
  name: string,
  description: string,
  values: Record<Value, [name: string, description: string]>,
) {
  const entries = Object.entries<[string, string]>(values).map(
    ([value, [shown, told]]) => [shown, { value: value as Value, description: told }] as const,
  );
  return builder.enumType(name, {
    description,
    values: Object.fromEntries(entries) as Record<string, { value: Value; description: string }>,
  });
}

const AccountActionEnum = enumOf('AccountAction', 'What can be done with an account.', actions);
const RelationEnum = enumOf('AccountRelation', 'What you are to an account.', relations);

const DenialCode = builder.enumType('DenialCode', {
  description: 'The code of the error that tells of a refusal.',
  values: {
    FORBIDDEN: { description: 'You may not do this.' },
    INSUFFICIENT_SCOPE: { description: 'You may, but your credential lacks a scope.' },
    PROTECTED_ACCOUNT: { description: 'Nobody may: the account is reserved or internal.' },
  } as const,
});

const AccessExplanationRef = builder.objectRef<AccessExplanation>('AccessExplanation').implement({
  description: 'Why you may do something with an account, or may not.',
  fields: (t) => ({
    allowed: t.exposeBoolean('allowed', {
      description:
        'Whether the policy allows it. Rules over more than one account, such as the last owner, come on top.',
    }),
    relation: t.field({
      type: RelationEnum,
      description: 'What you are to the account, which decides most.',
      resolve: ({ relation }) => relation,
    }),
    message: t.exposeString('message', { description: 'Why, or why not, in English, for a person.' }),
    code: t.field({
      type: DenialCode,
      nullable: true,
      description: 'The code of the error that you would get. Null when it is allowed.',
      resolve: ({ code }) => code,
    }),
    missingScope: t.field({
      type: ScopeEnum,
      nullable: true,
      description: 'The scope that your credential lacks. Null when that is not the reason.',
      resolve: ({ missingScope }) => missingScope,
    }),
  }),
});

builder.queryField('explainAccess', (t) =>
  t.field({
    type: AccessExplanationRef,
    nullable: true,
    description:
      'Why you may do something with an account, or may not; null when there is no such account, or you may not see it.',
    args: {
      userId: t.arg.globalID({ for: [User], required: true, description: 'The account.' }),
      action: t.arg({ type: AccountActionEnum, required: true, description: 'What you would do.' }),
    },
    resolve: (_root, { userId, action }, context) => explainAccess(context, { userId: userId.id, action }),
  }),
);
