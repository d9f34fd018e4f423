import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from '../schema/index.ts';

let printed: string | undefined;

/** The schema in its definition language, sorted so that a change shows as a small difference. */
export function printedSchema(): string {
  printed ??= `${printSchema(lexicographicSortSchema(schema))}\n`;
  return printed;
}

/** `/schema.graphql`, for clients that generate types. */
export function sdlResponse(request: Request, url: URL): Response | undefined {
  if (url.pathname !== '/schema.graphql') return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('Method not allowed\n', { status: 405, headers: { allow: 'GET, HEAD' } });
  }
  const headers = { 'content-type': 'application/graphql; charset=utf-8', 'cache-control': 'no-cache' };
  return new Response(request.method === 'HEAD' ? null : printedSchema(), { headers });
}
