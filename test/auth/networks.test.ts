import { describe, expect, it } from 'vitest';
import {
  contains,
  createNetworkTest,
  isWithin,
  type Network,
  parseNetwork,
} from '../../src/auth/networks.ts';
import { clientAddress } from '../../src/http/client-address.ts';

describe('a network', () => {
  it.each([
    ['192.0.2.7', { family: 'ipv4', address: '192.0.2.7', prefix: 32 }],
    ['10.0.0.0/8', { family: 'ipv4', address: '10.0.0.0', prefix: 8 }],
    ['0.0.0.0/0', { family: 'ipv4', address: '0.0.0.0', prefix: 0 }],
    ['2001:db8::/32', { family: 'ipv6', address: '2001:db8::', prefix: 32 }],
    ['::1', { family: 'ipv6', address: '::1', prefix: 128 }],
  ])('%s is understood', (text, network) => {
    expect(parseNetwork(text)).toEqual(network);
  });

  it.each([
    '',
    'x',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    ' 10.0.0.0/8',
  ])('%j is none', (text) => {
    expect(parseNetwork(text)).toBeNull();
  });

  it.each([
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/8', '11.0.0.0/16', false],
    ['10.1.0.0/16', '10.0.0.0/8', false],
    ['::/0', '10.0.0.0/8', false],
    ['2001:db8::/32', '2001:db8:1::/48', true],
  ])('%s contains %s: %s', (outer, inner, expected) => {
    expect(contains(parseNetwork(outer) as Network, parseNetwork(inner) as Network)).toBe(expected);
  });
});

describe('an address', () => {
  it.each([
    ['192.0.2.7', true],
    ['192.0.2.255', true],
    ['192.0.3.0', false],
    ['::ffff:192.0.2.7', true],
    ['2001:db8::1', true],
    ['2001:db8::1%eth0', true],
    ['2001:db9::1', false],
    ['', false],
    ['nobody', false],
    [null, false],
  ])('%s is within two networks: %s', (address, expected) => {
    expect(isWithin(['192.0.2.0/24', '2001:db8::/32'], address)).toBe(expected);
  });
});

describe('the address of a client', () => {
  const proxies = ['10.0.0.0/8', '::1'];

  it.each([
    ['is that of the connection where no proxy is trusted', '192.0.2.1', '203.0.113.9', [], '192.0.2.1'],
    ['is that of the connection where it is no proxy', '192.0.2.1', '203.0.113.9', proxies, '192.0.2.1'],
    ['is what a trusted proxy says', '10.0.0.1', '203.0.113.9', proxies, '203.0.113.9'],
    [
      'is what the last untrusted hop was',
      '10.0.0.1',
      '1.1.1.1, 203.0.113.9, 10.2.2.2',
      proxies,
      '203.0.113.9',
    ],
    [
      'is never what a client wrote before its proxy did',
      '10.0.0.1',
      '10.9.9.9, 203.0.113.9',
      proxies,
      '203.0.113.9',
    ],
    ['is the first hop where all are trusted', '10.0.0.1', '10.3.3.3, 10.2.2.2', proxies, '10.3.3.3'],
    ['stops at what is no address', '10.0.0.1', '203.0.113.9, unknown', proxies, '10.0.0.1'],
    ['is the proxy where it says nothing', '10.0.0.1', null, proxies, '10.0.0.1'],
    ['is IPv4 on an IPv6 socket', '::ffff:192.0.2.1', null, [], '192.0.2.1'],
    ['is read without its port', '::1', '203.0.113.9:4711', proxies, '203.0.113.9'],
    ['is read without brackets', '::1', '[2001:db8::7]:4711', proxies, '2001:db8::7'],
  ])('%s', (_, remote, forwarded, trusted, expected) => {
    expect(clientAddress(remote, forwarded, createNetworkTest(trusted))).toBe(expected);
  });

  it('is unknown where there is no connection, whatever a header says', () => {
    expect(clientAddress(undefined, '203.0.113.9', createNetworkTest(proxies))).toBeNull();
  });
});
