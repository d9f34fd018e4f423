/** Requests to the GraphQL endpoint as HTTP sees them. */
import type { TestApp } from '../setup/app.ts';

export interface Failure {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: unknown;
  readonly errors: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

/** Posts a document, or a body of any kind. */
export async function post(
  { fetch }: Pick<TestApp, 'fetch'>,
  body: BodyInit | { readonly query: string; readonly variables?: unknown },
  headers: Record<string, string> = {},
): Promise<Failure> {
  const isDocument = typeof body === 'object' && 'query' in body;
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: isDocument ? JSON.stringify(body) : (body as BodyInit),
  });
  return read(response);
}

export async function read(response: Response): Promise<Failure> {
  const text = await response.text();
  const { data, errors = [] } = text.startsWith('{') ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, text, data, errors };
}

export const bearer = (token: string | null) => ({ authorization: `Bearer ${token}` });

/** The media type by which a client asks for statuses that tell failures. */
export const strict = { accept: 'application/graphql-response+json' };
