/** A way to PostgreSQL that can fall silent: what goes through it can be held back without a sign. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export type Passage = Awaited<ReturnType<typeof openProxy>>;

export async function openProxy(target: URL) {
  const pairs = new Set<{ client: Socket; server: Socket; listens: boolean }>();
  let isSilent = () => false;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    const pair = { client, server, listens: false };
    pairs.add(pair);
    const close = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', close).on('close', close);
    client.on('data', (data) => {
      if (data.includes('LISTEN usergraph')) pair.listens = true;
      if (!pair.listens || !isSilent()) server.write(data);
    });
    server.on('data', (data) => {
      if (!pair.listens || !isSilent()) client.write(data);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((proxy.address() as AddressInfo).port);
  return {
    url: url.href,
    /** From now on nothing comes or goes on connections that listen: they stay open. */
    silence() {
      isSilent = () => true;
    },
    /** Those that are opened from now on hear again; what was held back is lost. */
    recover() {
      const lost = new Set(pairs);
      isSilent = () => false;
      for (const pair of lost) if (pair.listens) pair.client.pause();
    },
    get listening() {
      return [...pairs].filter(({ listens }) => listens).length;
    },
    async close() {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
