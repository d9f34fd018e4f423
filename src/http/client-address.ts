import { isIP } from 'node:net';
import { plainAddress } from '../auth/networks.ts';

/**
 * The address of the client. `X-Forwarded-For` counts only as far as proxies wrote it that the operator trusts: from its
 * end, the first address that is no such proxy's. What stands before that, anybody may have written.
 */
export function clientAddress(
  remoteAddress: string | undefined,
  forwardedFor: string | null,
  isTrustedProxy: (address: string) => boolean,
): string | null {
  if (remoteAddress === undefined) return null;
  let client = plainAddress(remoteAddress);
  const hops = forwardedFor?.split(',').map(withoutPort).reverse() ?? [];
  for (const hop of hops) {
    if (!isTrustedProxy(client) || isIP(hop) === 0) break;
    client = hop;
  }
  return client;
}

/** Some proxies write the port as well, and IPv6 addresses in brackets. */
function withoutPort(hop: string): string {
  const text = hop.trim();
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  return plainAddress(bracketed ?? (/^[\d.]+:\d+$/.test(text) ? (text.split(':')[0] ?? '') : text));
}
