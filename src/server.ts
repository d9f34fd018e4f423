import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { sendNodeResponse } from '@whatwg-node/server';
import type { App } from './app.ts';
import type { Config } from './config.ts';
import { Reply } from './http/message.ts';
import { NodeRequest } from './http/node-request.ts';

export interface HttpServer {
  readonly url: string;
  /** Stops accepting connections and waits for the running requests. */
  close(): Promise<void>;
}

/** A server that cannot listen. The message says why, and what its operator can do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const TIMEOUTS = {
  headersTimeout: 10_000, // slow headers hold a connection without ever becoming a request
  requestTimeout: 30_000, // and so do slow bodies
  keepAliveTimeout: 65_000, // longer than the 60 s of common load balancers, which so are never the last to know
  connectionsCheckingInterval: 5_000,
};

/** Serves the app over HTTP; resolves once it accepts connections. */
export async function listen(
  app: Pick<App, 'answer'>,
  { host, port }: Pick<Config, 'host' | 'port'>,
): Promise<HttpServer> {
  const streams = new Set<ServerResponse>();
  const server = createServer(TIMEOUTS, (message, response) => {
    answer(app, message, response, streams).catch(() => response.destroy()); // it broke off while it was written
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => track(sockets, socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  return { url: urlOf(server.address() as AddressInfo), close: () => close(server, streams, sockets) };
}

async function answer(
  app: Pick<App, 'answer'>,
  message: IncomingMessage,
  response: ServerResponse,
  streams: Set<ServerResponse>,
): Promise<void> {
  const { remoteAddress } = message.socket;
  const answered = await app.answer(new NodeRequest(message, response), { remoteAddress });
  if (response.destroyed) return;
  if (!(answered instanceof Reply)) {
    track(streams, response);
    return sendNodeResponse(answered, response, message, false);
  }
  const { status, headers, body } = answered;
  response.writeHead(status, headers.toObject()).end(body);
}

/** Keeps what is open. */
function track<Closeable extends NodeJS.EventEmitter>(all: Set<Closeable>, one: Closeable): void {
  all.add(one);
  one.once('close', () => all.delete(one));
}

/** How long a client may take to read the end of a stream, in milliseconds. */
const LAST_WORDS = 2_000;

function close(
  server: Server,
  streams: ReadonlySet<ServerResponse>,
  sockets: ReadonlySet<Socket>,
): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => {
      server.closeIdleConnections(); // keep-alive ones become idle one by one, as their last response ends
      // Browsers and clients open some ahead, which count as busy until their first request.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, 20);
    const cut = setTimeout(() => {
      for (const response of streams) if (isStream(response)) response.destroy();
    }, LAST_WORDS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      resolve();
    });
  });
}

/** Streams end when the app drains; a client that does not read them must not hold the exit. */
const isStream = (response: ServerResponse) => response.getHeader('content-type') === 'text/event-stream';

/** The address that a person on this machine can open. */
function urlOf({ address, family, port }: AddressInfo): string {
  const isAny = address === '0.0.0.0' || address === '::';
  const host = family === 'IPv6' ? `[${address}]` : address;
  return `http://${isAny ? 'localhost' : host}:${port}`;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} of ${host} is in use. Stop the program that uses it, or set PORT to another one.`,
    EACCES: `This user may not listen on port ${port}. Set PORT to one above 1023.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Set HOST to one that is, or to 0.0.0.0 for all.`,
    ENOTFOUND: `The host name ${host} is not known. Set HOST to an address of this machine.`,
  };
  const reason = reasons[error.code ?? ''];
  return reason === undefined ? error : new ListenError(reason, { cause: error });
}
