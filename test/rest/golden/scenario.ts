/** What a transcript is made of: one request, told as a table entry, and the stage that it is made on. */
import type { Cast } from './cast.ts';

/** A request as a client of the vendor would write it. */
export interface Ask {
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type Send = (ask: Ask) => Promise<Response>;

export interface Entry {
  /** The guarantee that the transcript shows. */
  readonly what: string;
  /** Makes the request; it may send others first, which are not recorded. */
  readonly ask: (cast: Cast, send: Send) => Ask | Promise<Ask>;
  /** The configuration of the server. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is wrong with the database: nothing, a table is missing (a bug), or it does not answer. */
  readonly database?: 'whole' | 'broken' | 'gone';
}

/** The entries of one operation, by `<status>` or `<status>-<case>`. */
export type Entries = Readonly<Record<`${number}` | `${number}-${string}`, Entry>>;

/** The entries of a dialect, by operation; `no-operation` is for requests that are none. */
export type Table = Readonly<Record<string, Entries>>;

export interface Scenario extends Entry {
  readonly dialect: string;
  readonly operationId: string;
  readonly status: number;
  /** The file of the transcript, relative to the folder of them all. */
  readonly file: string;
}

export const noOperation = 'no-operation';

/** A scenario of each entry. */
export function scenariosOf(dialect: string, table: Table): Scenario[] {
  return Object.entries(table).flatMap(([operationId, entries]) =>
    Object.entries(entries).map(([key, entry]) => ({
      ...entry,
      dialect,
      operationId,
      status: Number.parseInt(key, 10),
      file: `${dialect}/${operationId}.${key}.http`,
    })),
  );
}

/** Entries of two tables, operation by operation. */
export function together(first: Table, second: Table): Table {
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  return Object.fromEntries(names.map((name) => [name, { ...first[name], ...second[name] }]));
}

/** One entry of a table. */
export const entry = (
  what: string,
  ask: Entry['ask'],
  rest: Pick<Entry, 'env' | 'database'> = {},
): Entry => ({
  what,
  ask,
  ...rest,
});

/** Whoever shows this secret. */
export interface Bearer {
  readonly token: string;
}

export const authorized = ({ token }: Bearer) => ({ authorization: `Bearer ${token}` });

/** A request without a body, with the bearer token of somebody or of nobody. */
export const ask = (method: string, path: string, who: Bearer | null, headers: Ask['headers'] = {}): Ask => ({
  method,
  path,
  headers: { ...(who && authorized(who)), ...headers },
});

export const get = (path: string, who: Bearer | null, headers?: Ask['headers']) =>
  ask('GET', path, who, headers);

export const del = (path: string, who: Bearer | null) => ask('DELETE', path, who);

export function withJson(method: string, path: string, who: Bearer | null, body: unknown): Ask {
  const bare = ask(method, path, who, { 'content-type': 'application/json' });
  return { ...bare, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

export function withForm(
  method: string,
  path: string,
  who: Bearer | null,
  fields: Readonly<Record<string, string>>,
): Ask {
  const bare = ask(method, path, who, { 'content-type': 'application/x-www-form-urlencoded' });
  return { ...bare, body: new URLSearchParams(fields).toString() };
}
