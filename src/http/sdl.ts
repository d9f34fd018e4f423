import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from '../schema/index.ts';
import type { HttpRequest } from './message.ts';
import { readOnlyResponse } from './read-only.ts';

let printed: string | undefined;

/** The schema in its definition language, sorted so that a change shows as a small difference. */
export function printedSchema(): string {
  printed ??= `${printSchema(lexicographicSortSchema(schema))}\n`;
  return printed;
}

/** `/schema.graphql`, for clients that generate types. */
export function sdlResponse(request: HttpRequest, url: URL): Response | undefined {
  if (url.pathname !== '/schema.graphql') return undefined;
  return readOnlyResponse(request, printedSchema, 'application/graphql');
}
