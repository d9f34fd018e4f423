/** What came of a call, in one vocabulary, and how each dialect says each of its words. */

import type { ErrorCode } from '../../../src/errors.ts';
import type { RestAnswer } from '../../setup/app.ts';
import type { DialectName } from './case.ts';

/**
 * The codes of the graph, and what lies between them: ANONYMOUS is UNAUTHENTICATED without a credential, BROKEN_RULE an
 * INVALID_INPUT that is good in form, NOBODY a credential with no account behind it where one is asked about.
 */
export type Word = 'ok' | ErrorCode | 'ANONYMOUS' | 'BROKEN_RULE' | 'NOBODY';

/** Each dialect's translation of the domain's errors, as `told` reads it from an answer. */
export const translations: Record<DialectName, Partial<Record<Word, string>>> = {
  zenml: {
    ANONYMOUS: '401 AuthorizationException',
    UNAUTHENTICATED: '401 AuthorizationException',
    INVALID_CREDENTIALS: '401 AuthorizationException',
    NOBODY: '403 IllegalOperationError',
    FORBIDDEN: '403 IllegalOperationError',
    INSUFFICIENT_SCOPE: '403 IllegalOperationError',
    ACCOUNT_NOT_ACTIVE: '403 IllegalOperationError',
    PASSWORD_EXPIRED: '403 IllegalOperationError',
    NOT_FOUND: '403 IllegalOperationError', // its only paths with an id are those of changes
    PROTECTED_ACCOUNT: '400 ValueError',
    LAST_SUPERUSER: '400 ValueError',
    LAST_OWNER: '400 ValueError',
    BROKEN_RULE: '400 ValueError',
    LOGIN_NAME_TAKEN: '409 EntityExistsError',
    INVALID_INPUT: '422',
  },
  sweatstack: {
    ANONYMOUS: '401',
    UNAUTHENTICATED: '401',
    NOBODY: '403',
    FORBIDDEN: '403',
    INSUFFICIENT_SCOPE: '403',
    NOT_FOUND: '404',
    INVALID_REFRESH_TOKEN: '400',
    LAST_OWNER: '422',
    INVALID_INPUT: '422',
  },
  katapult: {
    ANONYMOUS: '400 missing_api_token',
    UNAUTHENTICATED: '403 invalid_api_token',
    NOBODY: '404 no_user_associated_with_identity',
  },
  bird: {
    ANONYMOUS: '401 unauthorized',
    UNAUTHENTICATED: '401 unauthorized',
    NOBODY: '403 forbidden',
    FORBIDDEN: '403 forbidden',
    INSUFFICIENT_SCOPE: '403 forbidden',
    PROTECTED_ACCOUNT: '403 forbidden',
    NOT_FOUND: '404 not_found',
    LAST_OWNER: '409 conflict',
    INVALID_INPUT: '422 validation_failed',
  },
};

/** Where a route says a word in another way than its dialect. */
export const ownTranslations: Readonly<Record<string, Partial<Record<Word, string>>>> = {
  'zenml PATCH /users/me': { FORBIDDEN: '400 ValueError' },
};

/** The status and the vendor's code of an answer. */
export function told(dialect: DialectName, { status, body }: RestAnswer): string {
  const codes = {
    zenml: exceptionOf(body),
    sweatstack: reasonOf(body),
    katapult: body?.code,
    bird: body?.code,
  };
  const code = status < 300 ? '' : (codes[dialect] ?? '');
  return `${status} ${code}`.trim();
}

const exceptionOf = (body: RestAnswer['body']): string =>
  Array.isArray(body?.detail) && typeof body.detail[0] === 'string' ? body.detail[0] : '';

/** The dialect has no codes; but a refusal says something, an OAuth2 one in other words. */
const reasonOf = (body: RestAnswer['body']): string =>
  (body?.detail ?? body?.error_description ?? '').length > 0 ? '' : 'without a reason';

/** Cases in which the surfaces differ on purpose. */
export interface Exception {
  readonly why: string;
  readonly route: string;
  readonly subjects: readonly string[];
  readonly askers: readonly string[];
  readonly graph: Word;
  readonly rest: string;
}

const superusers = ['super', 'super without profile', 'super without users:write', 'reserved'];
const sessions = ['person', 'inUse', 'expired', 'managed', 'superuser', 'internal', 'unknown'];

const internal = (route: string): Exception => ({
  why: 'the vendor documents a ValueError for internal accounts, which in the graph exist for nobody',
  route,
  subjects: ['internal'],
  askers: superusers,
  graph: 'NOT_FOUND',
  rest: '400 ValueError',
});

const othersSession = (
  subjects: readonly string[],
  askers: readonly string[],
  graph: Word = 'ok',
): Exception => ({
  why: "the path is under the caller's own; in the graph a superuser ends the sessions of others, too",
  route: 'bird DELETE /me/sessions/{tokenId}',
  subjects,
  askers,
  graph,
  rest: '404 not_found',
});

const unreadable = (subjects: readonly string[], graph: Word): Exception => ({
  why: 'the answer is the profile, which such a token may not read; the graph answers with nulls in its place',
  route: 'bird PATCH /me',
  subjects,
  askers: ['self without profile', 'super without profile'],
  graph,
  rest: '403 forbidden',
});

export const exceptions: readonly Exception[] = [
  internal('zenml PATCH /users/{user_id}'),
  internal('zenml DELETE /users/{user_id}'),
  othersSession(['person', 'inUse', 'managed'], ['super', 'super without profile', 'reserved']),
  othersSession(['superuser'], ['reserved']),
  othersSession(['person', 'inUse', 'managed'], ['super without users:write'], 'INSUFFICIENT_SCOPE'),
  {
    why: "an organization's token has no sessions to look among; in the graph there is just none with this id",
    route: 'bird DELETE /me/sessions/{tokenId}',
    subjects: sessions,
    askers: ['org', 'org by capability'],
    graph: 'NOT_FOUND',
    rest: '403 forbidden',
  },
  {
    why: 'a capability of an organization has no account to change; the graph says so in the same words as of one that may not',
    route: 'zenml PATCH /users/me',
    subjects: ['profile', 'cleared', 'nothing', 'the reserved name', "another's name", 'a bad value'],
    askers: ['org by capability'],
    graph: 'FORBIDDEN',
    rest: '403 IllegalOperationError',
  },
  unreadable(['profile', 'cleared', 'nothing'], 'ok'),
  unreadable(['a bad value'], 'INVALID_INPUT'),
];
