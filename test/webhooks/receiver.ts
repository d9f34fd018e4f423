/** A program that webhooks are sent to, on a real socket. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Record<string, unknown> & { subjectId: string };
  };
}

type Answer = number | ((received: Received, response: ServerResponse) => unknown);

export type Receiver = Awaited<ReturnType<typeof openReceiver>>;

export async function openReceiver(host = '127.0.0.1') {
  const received: Received[] = [];
  let connections = 0;
  const receiver = {
    /** All that came, in the order in which it came. */
    received,
    /** What it answers: a status, or whatever is done with the response. */
    answer: 204 as Answer,
    url: '',
    port: 0,
    get connections() {
      return connections;
    },
    types: () => received.map(({ event }) => event.type),
    /** Forgets what came. */
    clear: () => void received.splice(0),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url: path = '', headers } = request;
    const one: Received = { method, path, headers, body, event: body === '' ? null : JSON.parse(body) };
    received.push(one);
    if (typeof receiver.answer === 'number') response.writeHead(receiver.answer).end();
    else await receiver.answer(one, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, host);
  await once(server, 'listening');
  receiver.port = (server.address() as AddressInfo).port;
  receiver.url = `http://${host}:${receiver.port}/hooks`;
  return receiver;
}

/** What a receiver does first, with the library of the specification. @throws when the signature is not right */
export const verify = (secret: string, { body, headers }: Received): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>);
