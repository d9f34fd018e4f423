/** What the harness and every peer agree on: a peer starts, says which work it can do and how a request for it looks. */

export const workNames = [
  'me',
  'users',
  'node',
  'updateMe',
  'current',
  'profile',
  'sweatstack',
  'zenml',
] as const;
export type WorkName = (typeof workNames)[number];

export interface Work {
  readonly name: WorkName;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** One of the accounts that have a token; `id` is the UUID of its row in `users`. */
export interface BenchAccount {
  readonly index: number;
  readonly id: string;
  readonly token: string;
  readonly adminToken: string;
}

export interface StartOptions {
  readonly databaseUrl: string;
  readonly port: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly nodeArgs?: readonly string[];
}

export interface Running {
  /** The root of the process tree whose CPU and memory are counted. */
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

export interface Peer {
  /** As in the table and for `--only`. */
  readonly name: string;
  /** What it can do. */
  readonly works: readonly WorkName[];
  /** Installs or generates what it needs, once; cheap when that is done already. */
  prepare?(options: { databaseUrl: string }): Promise<void>;
  /** Starts it against the database; resolves when it answers. */
  start(options: StartOptions): Promise<Running>;
  /** The request that account number `account.index` (from 0, of those with tokens) makes for this work. */
  call(work: Work, account: BenchAccount): Call;
  /** Makes of an answer what all peers must agree on; without it, the bytes are compared. */
  normalize?(work: Work, body: string): unknown;
}
