/** What every operation of a dialect has transcripts of: a caller that is nobody, a limit, a bug, a database that is gone. */
import {
  type Dialect,
  isGuarded,
  isRevalidated,
  keepsAnswers,
  type Route,
} from '../../../src/rest/dialect.ts';
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

const adding =
  ({ ask }: Entry, headers: Record<string, string>): Entry['ask'] =>
  async (cast, send) =>
    withHeaders(await ask(cast, send), headers);

/** Only where an answer says whether the caller has it already. */
const revalidatedEntries = (usual: Entry): Entries => ({
  '304': entry('a caller that has the content already is sent none', async (cast, send) => {
    const asked = await usual.ask(cast, send);
    const { headers } = await send(asked);
    return withHeaders(asked, { 'if-none-match': headers.get('etag') ?? '' });
  }),
});

/** Only where something of a version is changed. */
const guardedEntries = (usual: Entry): Entries => ({
  '400-if-match': entry('a condition that cannot be read', adding(usual, { 'if-match': 'user' })),
  '412-if-match': entry(
    'a change that is meant for another version',
    adding(usual, { 'if-match': '"user_00000000000000000000000000.1"' }),
  ),
  '428-if-match': entry('a change that does not say what it is meant for', usual.ask, {
    env: { REQUIRE_IF_MATCH: 'true' },
  }),
});

/** Only where answers are kept. */
const keptEntries = (usual: Entry, { success }: Route): Entries => ({
  [`${success.status}-again`]: entry('the same request with the same key', async (cast, send) => {
    const asked = withHeaders(await usual.ask(cast, send), { 'idempotency-key': 'once' });
    await send(asked);
    return asked;
  }),
  '422-key-reused': entry('another request with the same key', async (cast, send) => {
    const asked = withHeaders(await usual.ask(cast, send), { 'idempotency-key': 'once' });
    await send({ ...asked, path: `${asked.path}?first` });
    return asked;
  }),
});

/** Only where no answer is kept, or no such key is good. */
const badKeyEntries = (usual: Entry): Entries => ({
  '400-key': entry(
    'a key that is none, or that is not taken here',
    adding(usual, { 'idempotency-key': '"' }),
  ),
});

/** For each operation of a table, by its first entry, which is one that goes well. */
export function commonEntries({ routes }: Dialect, table: Table, statuses: Statuses): Table {
  const entries = (route: Route): Entries => {
    const { operationId, json, form, isOpen, answersSecret } = route;
    const [usual] = Object.values(table[operationId] ?? {});
    if (usual === undefined) throw new Error(`${operationId} has no entry`);
    return {
      ...(!isOpen && credentialEntries(usual, statuses)),
      ...((json || form) && bodyEntries(usual)),
      ...(isRevalidated(route) && revalidatedEntries(usual)),
      ...(isGuarded(route) && guardedEntries(usual)),
      ...(keepsAnswers(route) && keptEntries(usual, route)),
      ...((keepsAnswers(route) || answersSecret) && badKeyEntries(usual)),
      ...entriesOf(usual),
    };
  };
  return Object.fromEntries(routes.map((route) => [route.operationId, entries(route)]));
}
