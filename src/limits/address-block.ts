import { isIP } from 'node:net';

/**
 * The addresses that count as one: an IPv4 address, or the 64 bits of an IPv6 address that name its network, since the
 * other 64 are whatever the client likes (RFC 4291).
 */
export function addressBlock(address: string | null): string {
  if (address === null) return 'unknown';
  if (isIP(address) !== 6) return address;
  const [head = [], tail] = address.split('::').map(groupsOf);
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...new Array<number>(zeros).fill(0), ...(tail ?? [])];
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** An IPv4 address at the end stands for two groups. */
const groupsOf = (part: string): number[] =>
  part === ''
    ? []
    : part.split(':').flatMap((group) => (group.includes('.') ? [0, 0] : [Number.parseInt(group, 16)]));
