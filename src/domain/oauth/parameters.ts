import { OAuthError } from '../../errors.ts';

/**
 * The value of a parameter. One that is sent empty counts as not sent (RFC 6749, section 3.1).
 * @throws {OAuthError} invalid_request for one that is sent more than once
 */
export function single(params: URLSearchParams, name: string): string | null {
  const values = params.getAll(name);
  if (values.length > 1)
    throw new OAuthError('invalid_request', `The parameter ${name} is sent more than once.`);
  return values[0] || null;
}

/** The value of a parameter that must be there. @throws {OAuthError} invalid_request */
export function required(params: URLSearchParams, name: string): string {
  const value = single(params, name);
  if (value === null) throw new OAuthError('invalid_request', `The parameter ${name} is missing.`);
  return value;
}
