import { DomainError } from '../errors.ts';
import { type HttpRequest, toFetchRequest } from './message.ts';

/** The media type of the body, without its parameters; null where the request does not say. */
export function mediaType({ headers }: HttpRequest): string | null {
  return headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? null;
}

/** A sender reads the answer only when it has sent all, so this much more is read and thrown away: 8 MiB. */
const patience = 8 * 1024 * 1024;

/** The request, with its body read no further than the limit. @throws PAYLOAD_TOO_LARGE */
export async function limitBody(request: HttpRequest, maxBytes: number): Promise<HttpRequest> {
  if (request.method === 'GET' || request.method === 'HEAD') return request;
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) <= maxBytes) return request; // HTTP framing keeps the sender to it
  const tooLarge = new DomainError('PAYLOAD_TOO_LARGE', {
    message: `The request body is larger than ${maxBytes / 1024} KiB.`,
  });
  if (declared !== null) throw tooLarge; // before the body is touched: what nobody began to read is thrown away
  if (request.body === null) return request;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readable(request.body)) {
    size += chunk.byteLength;
    if (size > maxBytes + patience) throw tooLarge;
    if (size <= maxBytes) chunks.push(chunk);
  }
  if (size > maxBytes) throw tooLarge;
  return toFetchRequest(request, Buffer.concat(chunks));
}

/** The chunks of a body; one that breaks off is the sender's doing. */
async function* readable(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new DomainError('BAD_REQUEST', { message: 'The request body broke off.', cause: error });
  }
}
