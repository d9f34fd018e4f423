import { OAuthError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import { limitBody, mediaType } from '../http/request-body.ts';

/** The form that a request carries; what its URL says is not looked at, since URLs are logged. @throws {OAuthError} invalid_request */
export async function readForm(request: HttpRequest, maxBytes: number): Promise<URLSearchParams> {
  if (mediaType(request) !== 'application/x-www-form-urlencoded')
    throw new OAuthError('invalid_request', 'Send the request as application/x-www-form-urlencoded.');
  const text = await (await limitBody(request, maxBytes)).text();
  if (text.includes('%00') || text.includes('\u0000'))
    throw new OAuthError('invalid_request', 'The request has a character that no parameter has.');
  return new URLSearchParams(text);
}
