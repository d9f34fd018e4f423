/** `/v1/exports/<id>?token=…`: the archive of an export, sent while it is read. */

import type { Context } from '../context.ts';
import { archiveSchema, archiveSchemaPath } from '../domain/export-archive.ts';
import { exportsPath, openExport } from '../domain/exports.ts';
import { type DomainError, MethodNotAllowedError } from '../errors.ts';
import type { RestCall } from '../rest/router.ts';
import { nativeErrorHeaders } from './error-response.ts';
import type { Exchange } from './exchange.ts';
import type { HttpRequest } from './message.ts';
import { readOnlyResponse } from './read-only.ts';

let printed: string | undefined;

/** The schema of the archives, for whoever reads one. */
export function archiveSchemaResponse(request: HttpRequest, url: URL): Response | undefined {
  if (url.pathname !== archiveSchemaPath) return undefined;
  printed ??= `${JSON.stringify(archiveSchema(), null, 2)}\n`;
  const text = printed;
  return readOnlyResponse(request, () => text, 'application/schema+json');
}

/** The call that a request is, if its path is an export's; an answer where none must be made. */
export function findExport(exchange: Exchange): RestCall | Response | undefined {
  const { request, url } = exchange;
  if (!url?.pathname.startsWith(exportsPath)) return undefined;
  const id = url.pathname.slice(exportsPath.length);
  if (id.includes('/')) return undefined;
  exchange.fail = failure;
  const refusal = new MethodNotAllowedError(['GET']);
  if (request.method === 'OPTIONS')
    return new Response(null, { status: 204, headers: { allow: refusal.allow } });
  const token = url.searchParams.get('token') ?? '';
  return {
    credential: null, // the link itself is one
    needsCaller: false,
    respond: (context) =>
      request.method === 'GET' ? download(context, exchange, { id, token }) : Promise.reject(refusal),
  };
}

function failure(error: DomainError): Response {
  const { code, message, status } = error;
  const headers = { ...nativeErrorHeaders(error), 'cache-control': 'no-store' };
  return Response.json({ error: { code, message } }, { status, headers });
}

async function download(
  context: Context,
  exchange: Exchange,
  link: { id: string; token: string },
): Promise<Response> {
  const { exportedAt, text } = await openExport(context, link);
  const ended = new AbortController();
  exchange.streamEnded = ended.signal;
  return new Response(streamOf(text, context, ended), {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="usergraph-export-${exportedAt.toISOString().slice(0, 10)}.json"`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  });
}

/** Reads on when the client has taken what was read, and no more once it went away. A failure cuts the answer, which so is no JSON. */
function streamOf(
  text: AsyncGenerator<string, void, void>,
  { log }: Pick<Context, 'log'>,
  ended: AbortController,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await text.next();
        if (!done) return controller.enqueue(encoder.encode(value));
        controller.close();
      } catch (error) {
        log.error({ err: error }, 'an export could not be finished');
        controller.error(error);
      }
      ended.abort();
    },
    async cancel() {
      ended.abort();
      await text.return();
    },
  });
}
