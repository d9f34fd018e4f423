/** Where users are sent back to: exactly where a superuser said (RFC 9700, section 2.1), and nowhere else. */

const loopbackHosts = ['127.0.0.1', '[::1]', 'localhost'];

/** A private-use scheme is a domain name in reverse order (RFC 8252, section 7.1), so that apps do not share one. */
const privateScheme = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:$/;

const isLoopback = ({ protocol, hostname }: URL) => protocol === 'http:' && loopbackHosts.includes(hostname);

/** What is wrong with a redirect URI that is to be registered; null when nothing is. */
export function redirectUriProblem(text: string): string | null {
  if (!URL.canParse(text) || /[\s\\*<>"]|[^\x20-\x7e]/.test(text)) return 'must be an absolute URI';
  if (text.includes('#')) return 'must not have a fragment';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or a password';
  if (url.protocol === 'https:' || isLoopback(url) || privateScheme.test(url.protocol)) return null;
  return 'must be https, http on 127.0.0.1, [::1] or localhost, or of a scheme such as com.example.app';
}

/** Whether a requested redirect URI is a registered one. Programs on a loopback address listen where a port is free. */
export function matchesRedirectUri(registered: string, requested: string): boolean {
  if (registered === requested) return true;
  if (redirectUriProblem(requested) !== null) return false;
  return isLoopback(new URL(registered)) && withoutPort(registered) === withoutPort(requested);
}

function withoutPort(text: string): string {
  const url = new URL(text);
  url.port = '';
  return url.href;
}

/** Whether nobody but the client can be listening there: other programs can claim a loopback port or a scheme. */
export function isExclusive(redirectUri: string): boolean {
  return new URL(redirectUri).protocol === 'https:';
}
