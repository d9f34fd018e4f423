/** Networks as people write them: an address, or a block of addresses in CIDR notation (RFC 4632, RFC 4291). */
import { BlockList, isIP } from 'node:net';

export interface Network {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly prefix: number;
}

/** Null for what is no network. */
export function parseNetwork(text: string): Network | null {
  const [, address = '', digits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return null;
  const longest = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? longest : Number(digits);
  return prefix > longest ? null : { family: `ipv${version as 4 | 6}`, address, prefix };
}

/** Tests addresses against networks, which are read once; an address that is unknown is in none. */
export function createNetworkTest(networks: readonly string[]): (ipAddress: string | null) => boolean {
  const list = listOf(networks.map(parseNetwork));
  return (ipAddress) => {
    const address = ipAddress === null ? '' : plainAddress(ipAddress);
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}

/** Whether an address is in one of the networks. */
export function isWithin(networks: readonly string[], ipAddress: string | null): boolean {
  return createNetworkTest(networks)(ipAddress);
}

/** Whether every address of a network is in another one. */
export function contains(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  return listOf([outer]).check(inner.address, inner.family);
}

function listOf(networks: readonly (Network | null)[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    if (network !== null) list.addSubnet(network.address, network.prefix, network.family);
  }
  return list;
}

/** Without the zone of an interface, and as IPv4 where an IPv6 socket met an IPv4 client. */
export function plainAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}
