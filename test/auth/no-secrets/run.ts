/** An app that tells all it can, and everything that it said during a run. */

import { type Client, openTestApp, type TestApp } from '../../setup/app.ts';
import { issuedIn, type Place, SecretRegistry } from './registry.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly status: number;
  /** The headers but the cookies, which are made to carry secrets. */
  readonly headers: string;
  readonly location: string | null;
  readonly text: string;
}

export interface Run {
  readonly app: TestApp;
  readonly secrets: SecretRegistry;
  readonly seen: readonly Seen[];
  /** Registers a secret. */
  readonly keep: SecretRegistry['add'];
  /** Runs a document and answers with its data, whether it succeeds or not. */
  // biome-ignore lint/suspicious/noExplicitAny: the flows say what they expect
  graph(client: Client, document: string, variables?: object): Promise<any>;
}

export const publicUrl = 'https://users.example';

export async function openRun(env: Record<string, string>): Promise<Run> {
  const secrets = new SecretRegistry();
  const seen: Seen[] = [];
  const observe = async (request: Request, response: Response) => {
    const { pathname, search } = new URL(request.url);
    const location = response.headers.get('location');
    const headers = JSON.stringify([...response.headers].filter(([name]) => name !== 'set-cookie'));
    const text = await response.text();
    const { method } = request;
    const from = `from ${method} ${pathname}`;
    seen.push({ method, path: pathname, search, status: response.status, headers, location, text });
    const issued = [...(response.ok ? issuedIn(text) : []), ...issuedIn(location ?? '')];
    for (const value of issued) secrets.add(`${kindOf(value)} ${from}`, value);
    for (const cookie of response.headers.getSetCookie())
      for (const value of issuedIn(cookie)) secrets.add(`${kindOf(value)} in a cookie ${from}`, value);
  };
  const app = await openTestApp({
    env: { PUBLIC_URL: publicUrl, SIGN_UP: 'invite', ERASURE_GRACE: '1h', ...env },
    logLevel: 'trace',
    observe,
  });
  return {
    app,
    secrets,
    seen,
    keep: (...of) => secrets.add(...of),
    graph: async (client, document, variables) =>
      (await client.send<object, object>(document, variables ?? {})).data,
  };
}

/** `ug_ref_`, or `jwt`. */
export const kindOf = (value: string) => /^ug_[a-z]+_/.exec(value)?.[0] ?? 'jwt';

/** What each answer says that is a failure: the whole of it, or the errors in it. */
export function failuresIn(seen: readonly Seen[]): Place[] {
  return seen.flatMap(({ method, path, status, headers, text }) => {
    const name = `the answer ${status} to ${method} ${path}`;
    if (status >= 400) return [{ name, text: headers + text }];
    if (path !== '/graphql') return [];
    const { errors, data } = JSON.parse(text);
    return [...(errors ? [errors] : []), ...errorMembersIn(data)].map((error) => ({
      name: `an error of ${name}`,
      text: JSON.stringify(error),
    }));
  });
}

/** The members of results that are errors; what is selected must include `__typename`. */
function errorMembersIn(data: unknown): object[] {
  if (typeof data !== 'object' || data === null) return [];
  const { __typename: type } = data as { __typename?: string };
  return type?.endsWith('Error') ? [data] : Object.values(data).flatMap(errorMembersIn);
}

/** Where answers send a browser; not those that bring it back to the very URL that it asked for, once it signed in. */
export function redirectsIn(seen: readonly Seen[]): Place[] {
  return seen.flatMap(({ method, path, search, location }) => {
    if (location === null) return [];
    const { searchParams } = new URL(location, `${publicUrl}${path}`);
    const isReturn = searchParams.get('return_to') === path + search;
    return isReturn ? [] : [{ name: `where ${method} ${path} leads`, text: location }];
  });
}
