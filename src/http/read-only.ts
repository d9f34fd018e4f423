import type { HttpRequest } from './message.ts';
/** A text that can only be read. */
export function readOnlyResponse(request: HttpRequest, text: () => string, contentType: string): Response {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('Method not allowed\n', { status: 405, headers: { allow: 'GET, HEAD' } });
  }
  const headers = { 'content-type': `${contentType}; charset=utf-8`, 'cache-control': 'no-cache' };
  return new Response(request.method === 'HEAD' ? null : text(), { headers });
}
