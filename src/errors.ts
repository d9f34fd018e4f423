/**
 * The registry of everything that can go wrong on purpose. A code is stable; its HTTP status is what a REST answer or a
 * whole GraphQL response carries. `as` says where GraphQL tells it: `data` as a member of a mutation's result union,
 * `request` as a top-level error with `extensions.code`.
 */
export const errorRegistry = {
  INVALID_INPUT: { status: 422, as: 'data', message: 'The input has problems.' },
  NOT_FOUND: { status: 404, as: 'data', message: 'There is no such object, or you may not see it.' },
  CONFLICT: { status: 409, as: 'data', message: 'What you would change was changed since you read it.' },
  LOGIN_NAME_TAKEN: { status: 409, as: 'data', message: 'Another account uses this name to sign in.' },
  SUB_DOMAIN_TAKEN: { status: 409, as: 'data', message: 'Another organization has this sub-domain.' },
  IDENTITY_TAKEN: { status: 409, as: 'data', message: 'Another account is linked to this identity.' },
  INVALID_CREDENTIALS: { status: 401, as: 'data', message: 'The login or the password is wrong.' },
  ACCOUNT_NOT_ACTIVE: { status: 403, as: 'data', message: 'The account is not active.' },
  PASSWORD_EXPIRED: {
    status: 403,
    as: 'data',
    message: 'The password is right, but must be changed: sign in with a new one.',
  },
  INVALID_CODE: { status: 422, as: 'data', message: 'The code is wrong, used or no longer good.' },
  INVALID_REFRESH_TOKEN: {
    status: 401,
    as: 'data',
    message: 'The refresh token is unknown, used or over: sign in again.',
  },
  SIGN_UP_REFUSED: {
    status: 403,
    as: 'data',
    message: 'Nobody can make an account here without being invited.',
  },
  PROTECTED_ACCOUNT: { status: 403, as: 'data', message: 'This account is protected.' },
  LAST_SUPERUSER: { status: 409, as: 'data', message: 'This is the last active superuser.' },
  LAST_OWNER: { status: 409, as: 'data', message: 'The account is the last owner of an organization.' },
  UNAUTHENTICATED: { status: 401, as: 'request', message: 'Sign in first: this needs a credential.' },
  FORBIDDEN: { status: 403, as: 'request', message: 'You may not do this.' },
  INSUFFICIENT_SCOPE: { status: 403, as: 'request', message: 'The credential lacks a scope.' },
  NETWORK_NOT_ALLOWED: {
    status: 403,
    as: 'request',
    message: 'The token may not be used from this network.',
  },
  OAUTH: { status: 400, as: 'request', message: 'The OAuth2 request cannot be granted.' },
  INVALID_CLIENT: {
    status: 401,
    as: 'request',
    message: 'The OAuth2 client is unknown, or did not prove itself.',
  },
  INVALID_ID: {
    status: 400,
    as: 'request',
    message: 'This is not an id of this graph, such as user_01h455vb4pex5vsknk084sn02q; a UUID is none.',
  },
  INVALID_ARGUMENT: { status: 400, as: 'request', message: 'An argument cannot be used.' },
  PRECONDITION_FAILED: {
    status: 412,
    as: 'request',
    message: 'What is there is not what the request was made for: read it again, then retry.',
  },
  PRECONDITION_REQUIRED: {
    status: 428,
    as: 'request',
    message: 'Send If-Match with the ETag of what you read: this server changes nothing without it.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    as: 'request',
    message: 'This Idempotency-Key was used for another request: use a new one for each.',
  },
  RATE_LIMITED: { status: 429, as: 'request', message: 'Too many requests; try again later.' },
  GRAPHQL_PARSE_FAILED: { status: 400, as: 'request', message: 'The document is not GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, as: 'request', message: 'The document does not fit the schema.' },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    as: 'request',
    message: 'The document has no such operation.',
  },
  BAD_USER_INPUT: { status: 400, as: 'request', message: 'The variables or the document cannot be used.' },
  BAD_REQUEST: { status: 400, as: 'request', message: 'The request cannot be understood.' },
  METHOD_NOT_ALLOWED: { status: 405, as: 'request', message: 'This path answers other methods.' },
  NOT_ACCEPTABLE: {
    status: 406,
    as: 'request',
    message: 'A subscription is answered as a stream: ask for it with Accept: text/event-stream.',
  },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, as: 'request', message: 'Send the request as application/json.' },
  PAYLOAD_TOO_LARGE: { status: 413, as: 'request', message: 'The request body is too large.' },
  SERVICE_UNAVAILABLE: { status: 503, as: 'request', message: 'The database cannot be reached; try again.' },
  INTERNAL_SERVER_ERROR: { status: 500, as: 'request', message: 'Something went wrong on our side.' },
} as const satisfies Record<string, { status: number; as: 'data' | 'request'; message: string }>;

export type ErrorCode = keyof typeof errorRegistry;
export type ErrorStatus = (typeof errorRegistry)[ErrorCode]['status'];
export type DataErrorCode = {
  [Code in ErrorCode]: (typeof errorRegistry)[Code]['as'] extends 'data' ? Code : never;
}[ErrorCode];

/** A failure that its reader can understand: `message` is public; what only the log may know goes into `cause`. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  /**
   * The input that it is about, from the root of the arguments; empty when it is about none. Not named `path`: GraphQL
   * takes an error with a path for one that is located already.
   */
  readonly argumentPath: readonly string[];

  constructor(
    code: ErrorCode,
    options: { message?: string; path?: readonly string[]; cause?: unknown } = {},
  ) {
    super(options.message ?? errorRegistry[code].message, { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.argumentPath = options.path ?? [];
  }

  get status(): ErrorStatus {
    return errorRegistry[this.code].status;
  }
}

/** What is wrong with one value of an input, in a form that programs can tell apart. */
export const problemCodes = [
  'REQUIRED',
  'INVALID',
  'TOO_SHORT',
  'TOO_LONG',
  'TOO_DEEP',
  'IMMUTABLE',
  'NOT_ALLOWED',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

export interface InputProblem {
  readonly path: readonly string[];
  readonly code: ProblemCode;
  readonly message: string;
}

export class InvalidInputError extends DomainError {
  readonly problems: readonly InputProblem[];

  constructor(problems: readonly InputProblem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super('INVALID_INPUT', {
      path: first?.path ?? [],
      ...(first && { message: `${first.path.join('.')}: ${first.message}${more}` }),
    });
    this.problems = problems;
  }
}

export class NotFoundError extends DomainError {
  constructor(path: readonly string[], message?: string) {
    super('NOT_FOUND', { path, ...(message !== undefined && { message }) });
  }
}

export class ConflictError extends DomainError {
  readonly currentVersion: number;

  constructor(currentVersion: number, what = 'account') {
    super('CONFLICT', {
      path: ['input', 'expectedVersion'],
      message: `The ${what} was changed since you read it: it is at version ${currentVersion} now. Read it again, then retry.`,
    });
    this.currentVersion = currentVersion;
  }
}

export class LoginNameTakenError extends DomainError {
  constructor(path: readonly string[]) {
    super('LOGIN_NAME_TAKEN', { path });
  }
}

export class SubDomainTakenError extends DomainError {
  constructor() {
    super('SUB_DOMAIN_TAKEN', { path: ['input', 'subDomain'] });
  }
}

export class IdentityTakenError extends DomainError {
  constructor(path: readonly string[]) {
    super('IDENTITY_TAKEN', { path });
  }
}

export class InvalidCredentialsError extends DomainError {
  constructor(options: { message?: string; path?: readonly string[] } = {}) {
    super('INVALID_CREDENTIALS', { path: ['input'], ...options });
  }
}

export class AccountNotActiveError extends DomainError {
  constructor(status: string) {
    super('ACCOUNT_NOT_ACTIVE', {
      path: ['input', 'login'],
      message: `The account is ${status.toLowerCase()}; ask an administrator.`,
    });
  }
}

export class ProtectedAccountError extends DomainError {
  constructor(message: string, path: readonly string[]) {
    super('PROTECTED_ACCOUNT', { message, path });
  }
}

export class LastSuperuserError extends DomainError {
  constructor(path: readonly string[]) {
    super('LAST_SUPERUSER', {
      path,
      message: 'This is the last active superuser. Make another account a superuser first.',
    });
  }
}

export class LastOwnerError extends DomainError {
  readonly organizationIds: readonly string[];

  constructor(organizations: readonly { id: string; name: string }[], path: readonly string[]) {
    const names = organizations.map((organization) => organization.name).join(', ');
    super('LAST_OWNER', {
      path,
      message: `The account is the last owner of ${names}. Make another member an owner, or delete the organization, first.`,
    });
    this.organizationIds = organizations.map((organization) => organization.id);
  }
}

/** The password was set by an administrator, and is good for nothing but a change. */
export class PasswordExpiredError extends DomainError {
  constructor() {
    super('PASSWORD_EXPIRED', { path: ['input', 'newPassword'] });
  }
}

/** A one-time code that cannot be used; why is not told. */
export class InvalidCodeError extends DomainError {
  constructor(path: readonly string[] = ['input', 'code']) {
    super('INVALID_CODE', { path });
  }
}

export class InvalidRefreshTokenError extends DomainError {
  constructor() {
    super('INVALID_REFRESH_TOKEN', { path: ['input', 'refreshToken'] });
  }
}

export class SignUpRefusedError extends DomainError {
  constructor(message?: string) {
    super('SIGN_UP_REFUSED', { path: ['input'], ...(message !== undefined && { message }) });
  }
}

/** The error codes of RFC 6749 (5.2 and 4.1.2.1), RFC 8628 (3.5), RFC 7009 and RFC 8693. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'unsupported_token_type'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token';

/** What an OAuth2 endpoint refuses, told as `{"error", "error_description"}` (RFC 6749, section 5.2). */
export class OAuthError extends DomainError {
  readonly error: OAuthErrorCode;

  constructor(error: OAuthErrorCode, description: string) {
    super(error === 'invalid_client' ? 'INVALID_CLIENT' : 'OAUTH', { message: description });
    this.error = error;
  }
}

/** Which credential could not be used, as far as its form tells. */
export type PresentedKind = 'none' | 'capability' | 'other';

export class UnauthenticatedError extends DomainError {
  readonly presented: PresentedKind;

  constructor(message?: string, presented: PresentedKind = message === undefined ? 'none' : 'other') {
    super('UNAUTHENTICATED', message === undefined ? {} : { message });
    this.presented = presented;
  }

  /** Whether there was no credential at all, rather than one that is no good. */
  get isMissing(): boolean {
    return this.presented === 'none';
  }
}

/** An `Authorization: Bearer` header without exactly one token (RFC 6750, section 3.1: `invalid_request`). */
export class UnreadableCredentialError extends DomainError {
  constructor() {
    super('BAD_REQUEST', { message: 'The Authorization header must be: Bearer <token>.' });
  }
}

export class ForbiddenError extends DomainError {
  constructor(message?: string) {
    super('FORBIDDEN', message === undefined ? {} : { message });
  }
}

export class NetworkNotAllowedError extends DomainError {
  /** Where the request came from. */
  readonly ipAddress: string | null;

  constructor(ipAddress: string | null) {
    super('NETWORK_NOT_ALLOWED');
    this.ipAddress = ipAddress;
  }
}

export class InsufficientScopeError extends DomainError {
  readonly scope: string;

  constructor(scope: string) {
    super('INSUFFICIENT_SCOPE', { message: `The credential lacks the scope ${scope}.` });
    this.scope = scope;
  }
}

export class InvalidIdError extends DomainError {
  constructor(message?: string) {
    super('INVALID_ID', message === undefined ? {} : { message });
  }
}

export class InvalidArgumentError extends DomainError {
  constructor(message: string, path: readonly string[] = []) {
    super('INVALID_ARGUMENT', { message, path });
  }
}

/** A header that cannot be read, or that this path does not take. */
export class BadHeaderError extends DomainError {
  constructor(message: string) {
    super('BAD_REQUEST', { message });
  }
}

/** There is no such path; what is there is not in question. */
export class PathNotFoundError extends DomainError {
  constructor() {
    super('NOT_FOUND', { message: 'There is nothing at this path.' });
  }
}

export class MethodNotAllowedError extends DomainError {
  /** The value of the header `Allow`. */
  readonly allow: string;

  constructor(methods: readonly string[]) {
    const allow = [...new Set([...methods, 'OPTIONS'])].join(', ');
    super('METHOD_NOT_ALLOWED', { message: `This path answers ${allow}.` });
    this.allow = allow;
  }
}

export class RateLimitedError extends DomainError {
  /** Whole seconds until the next request is allowed. */
  readonly retryAfter: number;
  /** Requests per minute. */
  readonly limit: number;

  constructor({ retryAfter, limit }: { readonly retryAfter: number; readonly limit: number }) {
    super('RATE_LIMITED', { message: `Too many requests; try again in ${retryAfter} seconds.` });
    this.retryAfter = retryAfter;
    this.limit = limit;
  }
}

export class ServiceUnavailableError extends DomainError {
  constructor(cause: unknown, message?: string) {
    super('SERVICE_UNAVAILABLE', { cause, ...(message !== undefined && { message }) });
  }
}
