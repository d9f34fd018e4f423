/** The errors that a person can act on: members of the mutations' result unions. */
import {
  AccountNotActiveError,
  ConflictError,
  type DataErrorCode,
  type DomainError,
  errorRegistry,
  IdentityTakenError,
  InvalidCodeError,
  InvalidCredentialsError,
  InvalidInputError,
  InvalidRefreshTokenError,
  LastOwnerError,
  LastSuperuserError,
  LoginNameTakenError,
  NotFoundError,
  PasswordExpiredError,
  ProtectedAccountError,
  SignUpRefusedError,
  SubDomainTakenError,
} from '../errors.ts';
import { builder } from './builder.ts';
import { InputProblemCode } from './enums.ts';

const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'The stable code of an error that is told as data, for programs to tell errors apart.',
  values: Object.fromEntries(
    Object.entries(errorRegistry)
      .filter(([, { as }]) => as === 'data')
      .map(([code, { message }]) => [code, { description: message }]),
  ) as Record<DataErrorCode, { description: string }>,
});

const ErrorInterface = builder.interfaceRef<DomainError>('Error').implement({
  description: 'Why a mutation did nothing, in a form that a person can act on.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCodeEnum,
      description: 'The stable code.',
      resolve: ({ code }) => code as DataErrorCode,
    }),
    message: t.exposeString('message', { description: 'What went wrong, in English, for a person.' }),
    path: t.stringList({
      description:
        'The argument that it is about, from the root of the arguments; empty when it is about none.',
      resolve: ({ argumentPath }) => [...argumentPath],
    }),
  }),
});

const InputProblem = builder.objectRef<InvalidInputError['problems'][number]>('InputProblem').implement({
  description: 'One value of an input that cannot be used.',
  fields: (t) => ({
    path: t.stringList({
      description: 'Where the value is, from the root of the arguments: `["input", "name"]`.',
      resolve: ({ path }) => [...path],
    }),
    code: t.field({
      type: InputProblemCode,
      description: 'What is wrong, for programs.',
      resolve: ({ code }) => code,
    }),
    message: t.exposeString('message', {
      description: 'What is wrong, in English: `must have at most 50 characters`.',
    }),
  }),
});

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'The input has problems; nothing was changed. All of them are told at once.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    problems: t.field({
      type: [InputProblem],
      description: 'Every problem.',
      resolve: ({ problems }) => [...problems],
    }),
  }),
});

builder.objectType(ConflictError, {
  name: 'ConflictError',
  description: 'The object is no longer at the expected version; nothing was changed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    currentVersion: t.exposeInt('currentVersion', { description: 'The version that it has now.' }),
  }),
});

builder.objectType(LastOwnerError, {
  name: 'LastOwnerError',
  description: 'The account is the only owner of an organization, which would be left without one.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    organizationIds: t.globalIDList({
      description: 'The organizations that need another owner first.',
      resolve: ({ organizationIds }) => organizationIds.map((id) => ({ type: 'Organization', id })) as never,
    }),
  }),
});

const plain: [new (...args: never[]) => DomainError, name: string, description: string][] = [
  [NotFoundError, 'NotFoundError', 'There is no such object, or you may not see it.'],
  [
    LoginNameTakenError,
    'LoginNameTakenError',
    'Another account has this username or e-mail address to sign in with.',
  ],
  [
    IdentityTakenError,
    'IdentityTakenError',
    'Another account is linked to this identity of the OAuth2 provider.',
  ],
  [SubDomainTakenError, 'SubDomainTakenError', 'Another organization has this sub-domain.'],
  [
    InvalidCredentialsError,
    'InvalidCredentialsError',
    'The login or the password is wrong; which of them is not told.',
  ],
  [AccountNotActiveError, 'AccountNotActiveError', 'The password is right, but the account is not active.'],
  [
    PasswordExpiredError,
    'PasswordExpiredError',
    'The password is right, but an administrator set it: sign in with a new one in `newPassword`.',
  ],
  [InvalidCodeError, 'InvalidCodeError', 'The one-time code is wrong, used, or no longer good.'],
  [
    InvalidRefreshTokenError,
    'InvalidRefreshTokenError',
    'The refresh token is unknown, used, or over: sign in again.',
  ],
  [
    SignUpRefusedError,
    'SignUpRefusedError',
    'Nobody can make an account here, or not without an invitation.',
  ],
  [
    ProtectedAccountError,
    'ProtectedAccountError',
    'The account is reserved or internal, and stays as it is.',
  ],
  [LastSuperuserError, 'LastSuperuserError', 'Nobody could administer the accounts any more.'],
];

for (const [type, name, description] of plain) {
  builder.objectType(type as new () => DomainError, { name, description, interfaces: [ErrorInterface] });
}
