/** What every operation of a dialect has transcripts of: a caller that is nobody, a limit, a bug, a database that is gone. */
import type { Dialect, Route } from '../../../src/rest/dialect.ts';
import { type Ask, type Entries, type Entry, entry, type Table } from './scenario.ts';

/** The statuses without a credential, and with one that is no good. */
export interface Statuses {
  readonly missing: number;
  readonly unknown: number;
}

const withHeaders = (asked: Ask, headers: Ask['headers']): Ask => ({
  ...asked,
  headers: { ...asked.headers, ...headers },
});

const withoutToken = ({ headers: { authorization: _, ...headers } = {}, ...asked }: Ask): Ask => ({
  ...asked,
  headers,
});

/** The entries that follow from a request that is answered well. */
const entriesOf = ({ ask }: Entry): Entries => ({
  '429-rate-limit': entry(
    'one request more than the limit of a minute',
    async (cast, send) => {
      const asked = await ask(cast, send);
      const { authorization } = asked.headers ?? {};
      const headers = authorization === undefined ? {} : { authorization };
      await send({ method: 'GET', path: '/graphql?query={__typename}', headers });
      return asked;
    },
    { env: { RATE_LIMIT_PER_MINUTE: '1' } },
  ),
  '500-bug': entry('a bug, of which nothing is told', ask, { database: 'broken' }),
  '503-database-gone': entry('a database that does not answer', ask, { database: 'gone' }),
});

const credentialEntries = ({ ask }: Entry, { missing, unknown }: Statuses): Entries => ({
  [`${missing}-no-credential`]: entry('a caller that says nothing of itself', async (cast, send) =>
    withoutToken(await ask(cast, send)),
  ),
  [`${unknown}-unknown-credential`]: entry('a credential that was never issued', async (cast, send) =>
    withHeaders(await ask(cast, send), { authorization: `Bearer ${cast.unknown.token}` }),
  ),
});

/** Only where a body is read. */
const bodyEntries = ({ ask }: Entry): Entries => ({
  '413-large-body': entry(
    'a body that is larger than the server takes',
    async (cast, send) => ({ ...(await ask(cast, send)), body: 'x'.repeat(1025) }),
    { env: { MAX_BODY_KIB: '1' } },
  ),
});

/** For each operation of a table, by its first entry, which is one that goes well. */
export function commonEntries({ routes }: Dialect, table: Table, statuses: Statuses): Table {
  const entries = ({ operationId, json, form, isOpen }: Route): Entries => {
    const [usual] = Object.values(table[operationId] ?? {});
    if (usual === undefined) throw new Error(`${operationId} has no entry`);
    return {
      ...(!isOpen && credentialEntries(usual, statuses)),
      ...((json || form) && bodyEntries(usual)),
      ...entriesOf(usual),
    };
  };
  return Object.fromEntries(routes.map((route) => [route.operationId, entries(route)]));
}
