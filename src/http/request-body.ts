import { DomainError } from '../errors.ts';

/** The request, with its body read no further than the limit. @throws PAYLOAD_TOO_LARGE */
export async function limitBody(request: Request, maxBytes: number): Promise<Request> {
  if (request.body === null) return request;
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) <= maxBytes) return request; // HTTP framing keeps the sender to it
  const tooLarge = new DomainError('PAYLOAD_TOO_LARGE', {
    message: `The request body is larger than ${maxBytes / 1024} KiB.`,
  });
  if (declared !== null) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  const { method, headers, signal } = request;
  return new Request(request.url, { method, headers, signal, body: Buffer.concat(chunks) });
}
