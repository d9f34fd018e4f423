/** The product on a socket, with the demo's people: all that a client is given is a base URL. */
import { toFetchRequest } from '../../src/http/message.ts';
import { listen } from '../../src/server.ts';
import { openTestApp } from '../setup/app.ts';

type Handler = (request: Request) => Promise<Response>;

/** What stands between a client and the product, to lose answers or to write down requests. */
export type Middle = (request: Request, next: Handler) => Promise<Response>;

export async function serve(env: Record<string, string> = {}) {
  const app = await openTestApp({ env });
  let middle: Middle = (request, next) => next(request);
  const server = await listen(
    {
      answer: (request, connection) =>
        middle(toFetchRequest(request), (passed) => app.handle(passed, connection)),
    },
    { host: '127.0.0.1', port: 0 },
  );
  return {
    app,
    url: server.url,
    /** Puts something in between, until the next one. */
    through(next: Middle) {
      middle = next;
    },
    direct() {
      middle = (request, next) => next(request);
    },
    async close() {
      await server.close();
      await app.close();
    },
  };
}

export type Served = Awaited<ReturnType<typeof serve>>;

/** A middle that writes down what was asked, and changes nothing. */
export function recording(): { requests: Request[]; middle: Middle } {
  const requests: Request[] = [];
  return {
    requests,
    middle(request, next) {
      requests.push(request);
      return next(request);
    },
  };
}
