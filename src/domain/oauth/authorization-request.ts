/** Reads what a client asks of a user: RFC 6749, section 4.1.1, with RFC 7636 and OpenID Connect Core 1.0. */
import type { Context } from '../../context.ts';
import { OAuthError, type OAuthErrorCode } from '../../errors.ts';
import type { OAuthClient } from '../../generated/prisma/client.ts';
import type { Scope } from '../policy.ts';
import { findClient } from './client-authentication.ts';
import { single } from './parameters.ts';
import { matchesRedirectUri } from './redirect-uris.ts';
import { requestedScopes } from './scopes.ts';

export interface AuthorizationRequest {
  readonly client: OAuthClient;
  /** Where the answer goes: known to be the client's. */
  readonly redirectUri: string;
  readonly state: string | null;
  readonly scopes: readonly Scope[];
  readonly codeChallenge: string;
  readonly nonce: string | null;
  /** What the client wants the user to be asked: `none`, `login`, `consent`, `select_account`. */
  readonly prompt: ReadonlySet<string>;
  /** How long ago the user may have signed in, in seconds; null for any time. */
  readonly maxAge: number | null;
  /** Who the client believes the user to be, to fill in the sign-in form with. */
  readonly loginHint: string | null;
  /** What is wrong with it, to be told to the client by `denyAuthorization`; null when nothing is. */
  readonly problem: OAuthError | null;
  /** The request as it came, as a query string: what a form carries on. */
  readonly query: string;
  /** The request once the user has signed in anew, as a query string: what a sign-in page returns to. */
  readonly queryAfterSignIn: string;
  /** Who answers (RFC 9207). */
  readonly issuer: string;
}

/**
 * Reads an authorization request.
 * @throws {OAuthError} for what must be shown to the user, since nobody knows whether the client can be trusted with an
 * answer: an unknown client, or a redirect URI that is not the client's. The rest becomes `problem`.
 */
export async function readAuthorizationRequest(
  context: Pick<Context, 'prisma' | 'issuer'>,
  params: URLSearchParams,
): Promise<AuthorizationRequest> {
  const clientId = single(params, 'client_id');
  if (clientId === null) throw new OAuthError('invalid_request', 'The parameter client_id is missing.');
  const client = await findClient(context, clientId);
  if (client === null) throw new OAuthError('invalid_client', 'There is no client with this client_id.');
  const redirectUri = redirectUriOf(client, params);
  const fallback = {
    client,
    redirectUri,
    state: params.get('state') || null,
    scopes: [],
    codeChallenge: '',
    nonce: null,
    prompt: new Set<string>(),
    maxAge: null,
    loginHint: null,
    problem: null,
    query: params.toString(),
    queryAfterSignIn: queryAfterSignIn(params),
    issuer: context.issuer,
  };
  try {
    return { ...fallback, ...readDetails(context, client, params) };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return { ...fallback, problem: error };
  }
}

function redirectUriOf(client: OAuthClient, params: URLSearchParams): string {
  const requested = single(params, 'redirect_uri');
  const [only, ...others] = client.redirectUris;
  if (requested === null && only !== undefined && others.length === 0) return only;
  if (requested === null) throw new OAuthError('invalid_request', 'The parameter redirect_uri is missing.');
  if (client.redirectUris.some((registered) => matchesRedirectUri(registered, requested))) return requested;
  throw new OAuthError('invalid_request', 'The client has not registered this redirect_uri.');
}

/** The other parameters. @throws {OAuthError} for what the client is told */
function readDetails({ issuer }: Pick<Context, 'issuer'>, client: OAuthClient, params: URLSearchParams) {
  const state = single(params, 'state');
  refuse(params, ['request', 'request_uri', 'registration'], 'This server does not take the parameter');
  const responseType = single(params, 'response_type') ?? 'code';
  if (responseType !== 'code')
    throw new OAuthError('unsupported_response_type', 'The only response_type is code.');
  if ((single(params, 'response_mode') ?? 'query') !== 'query')
    throw invalid('The only response_mode is query.');
  requireTarget(issuer, params);
  return {
    state,
    scopes: requestedScopes(single(params, 'scope'), client.scopes),
    codeChallenge: readChallenge(params),
    nonce: readShort(params, 'nonce'),
    prompt: readPrompt(params),
    maxAge: readMaxAge(params),
    loginHint: readShort(params, 'login_hint'),
  };
}

const invalid = (description: string, error: OAuthErrorCode = 'invalid_request') =>
  new OAuthError(error, description);

function refuse(params: URLSearchParams, names: readonly string[], why: string): void {
  const given = names.find((name) => params.has(name));
  if (given !== undefined) throw invalid(`${why} ${given}.`);
}

/** Tokens of this server are for this server (RFC 8707). */
function requireTarget(issuer: string, params: URLSearchParams): void {
  const isOther = params.getAll('resource').some((resource) => resource.replace(/\/$/, '') !== issuer);
  if (isOther) throw invalid('The only resource is this server itself.', 'invalid_target');
}

/** Everybody proves by PKCE that the code is theirs (RFC 9700, section 2.1.1); `plain` would not prove it. */
function readChallenge(params: URLSearchParams): string {
  const challenge = single(params, 'code_challenge');
  if (challenge === null) throw invalid('The parameter code_challenge is missing (RFC 7636).');
  if (single(params, 'code_challenge_method') !== 'S256')
    throw invalid('The only code_challenge_method is S256.');
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) throw invalid('The code_challenge is no SHA-256 in base64url.');
  return challenge;
}

const prompts = ['none', 'login', 'consent', 'select_account'];

function readPrompt(params: URLSearchParams): ReadonlySet<string> {
  const named = (single(params, 'prompt') ?? '').split(' ').filter((prompt) => prompts.includes(prompt));
  if (named.includes('none') && named.length > 1) throw invalid('The prompt none goes with no other.');
  return new Set(named);
}

function readMaxAge(params: URLSearchParams): number | null {
  const text = single(params, 'max_age');
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text)) throw invalid('max_age must be a number of seconds.');
  return Number(text);
}

const longest = 512;

function readShort(params: URLSearchParams, name: string): string | null {
  const text = single(params, name);
  if (text !== null && (text.length > longest || text.includes('\u0000')))
    throw invalid(`${name} must have at most ${longest} characters.`);
  return text;
}

/** Who has just signed in is asked for that no more, or nobody would get further. The client learns when that was. */
function queryAfterSignIn(params: URLSearchParams): string {
  const rest = new URLSearchParams(params);
  const prompt = (rest.get('prompt') ?? '').split(' ');
  const others = prompt.filter((one) => one !== '' && one !== 'login' && one !== 'select_account');
  rest.delete('prompt');
  rest.delete('max_age');
  if (others.length > 0) rest.set('prompt', others.join(' '));
  return rest.toString();
}
