/** Where events may be sent: to public addresses over https, and into the networks that the operator names. */
import { isIP } from 'node:net';
import { createNetworkTest } from '../auth/networks.ts';

/** What is not public of the Internet (IANA's registries of special-purpose addresses), and what clouds keep for themselves. */
const specialNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];
const isSpecial = createNetworkTest(specialNetworks);
const isGlobalIpv6 = createNetworkTest(['2000::/3']);

/** Whether anybody on the Internet may be at an address. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !isSpecial(address);
  return isIP(address) === 6 && isGlobalIpv6(address) && !isSpecial(address);
}

/** The host of a URL, as a name or an address without brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/**
 * What is wrong with a URL that events are to be sent to, as far as its form tells; null when nothing is. What a name
 * stands for is looked at whenever something is sent there.
 */
export function webhookUrlProblem(text: string, allowedNetworks: readonly string[]): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an https URL';
  if (text.includes('\\')) return 'must not contain backslashes';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or a password';
  if (text.includes('#')) return 'must not have a fragment';
  const isInside = createNetworkTest(allowedNetworks);
  const host = hostOf(url);
  if (isIP(host)) {
    if (isInside(host)) return null;
    if (!isPublicAddress(host)) return 'must be at a public address';
  } else if (isLocalName(host)) {
    if (!isInside('127.0.0.1') && !isInside('::1')) return 'must be at a public address';
  } else if (!/[^.]\.[^.]/.test(host) && allowedNetworks.length === 0) return 'must be at a public name';
  const isMaybeInside = !isIP(host) && allowedNetworks.length > 0;
  return url.protocol === 'https:' || isMaybeInside ? null : 'must be an https URL';
}

/** The names of the machine itself (RFC 6761, section 6.3). */
const isLocalName = (host: string): boolean => /(^|\.)localhost\.?$/.test(host);
