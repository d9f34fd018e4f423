import { DatabaseStateError } from './errors.ts';

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);
// Connection exceptions, shutdown, crash, start, idle session, too many connections.
const SQLSTATE = /^(08...|57P0[1235]|53300)$/;
// Not reachable (two), timed out, connection closed, no free connection, too many connections.
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);
const ADAPTER_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
]);
// What node-postgres and Prisma say without a code of their own.
const MESSAGES = new RegExp(
  [
    '^Connection terminated',
    '^timeout e(xceeded when trying to connect|xpired)$',
    '^Client has encountered a connection error',
    '^Cannot use a pool after calling end',
    'connect (ENOENT|EACCES) ',
    'Unable to start a transaction in the given time',
  ].join('|'),
);

interface ErrorShape {
  code?: unknown;
  kind?: unknown;
  message?: unknown;
  cause?: unknown;
  errors?: unknown;
  meta?: { driverAdapterError?: unknown } | undefined;
}

/** Whether an error of Prisma or node-postgres means that the database cannot be reached now, and may be later. */
export function databaseGone(error: unknown): boolean {
  return layersOf(error).some(({ code, kind, message }) => {
    const text = typeof code === 'string' ? code : '';
    if (SOCKET_CODES.has(text) || PRISMA_CODES.has(text) || SQLSTATE.test(text)) return true;
    if (typeof kind === 'string' && ADAPTER_KINDS.has(kind)) return true;
    return typeof message === 'string' && MESSAGES.test(message);
  });
}

/** Whether the database gave up on a statement or a transaction that took too long: trying again later may work. */
export function databaseBusy(error: unknown): boolean {
  return layersOf(error).some(({ code }) => ['57014', '55P03', 'P2028'].includes(String(code)));
}

/** Says to an operator why a database cannot be used at all; undefined when the error is of another sort. */
export function explainUnusable(error: unknown): DatabaseStateError | undefined {
  const layers = layersOf(error);
  const advice = databaseGone(error) ? 'Is it running, and does DATABASE_URL name it?' : adviseOn(layers);
  if (advice === undefined) return undefined;
  const reason = layers.map(({ message }) => message).find((message) => message) ?? 'it does not answer';
  return new DatabaseStateError(`The database cannot be used: ${reason}.\n${advice}`, { cause: error });
}

function adviseOn(layers: ErrorShape[]): string | undefined {
  const hasCode = (...codes: string[]) => layers.some(({ code }) => codes.includes(String(code)));
  if (hasCode('3D000')) return 'Create it first, for example with `createdb`, then run `usergraph migrate`.';
  if (hasCode('28000', '28P01')) return 'Check the user and the password in DATABASE_URL.';
  if (hasCode('42501'))
    return 'Give its user the rights to create tables, or let another user run `usergraph migrate`.';
  if (layers.some(({ message }) => /\bSSL\b/.test(String(message))))
    return 'Check `sslmode` in DATABASE_URL.';
  return undefined;
}

/** An error with everything it wraps. */
function layersOf(error: unknown, depth = 0): ErrorShape[] {
  if (typeof error !== 'object' || error === null || depth > 5) return [];
  const shape: ErrorShape = error;
  const inner = [
    shape.cause,
    shape.meta?.driverAdapterError,
    ...(Array.isArray(shape.errors) ? shape.errors : []),
  ];
  return [shape, ...inner.flatMap((next) => layersOf(next, depth + 1))];
}
