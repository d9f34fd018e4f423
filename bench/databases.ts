/** The data of a run: loaded once for each number of users, and copied for each run, so that no run sees another's changes. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { productSettings } from './contender.ts';
import { accountsOf, adminTokenOf, loadData } from './data.ts';
import { parentOf } from './measure.ts';
import type { BenchAccount } from './peer.ts';
import { type PostgresServer, query, withDatabase } from './postgres.ts';
import { productDirectory, runNode } from './processes.ts';

export interface BenchDatabase {
  readonly url: string;
  readonly accounts: readonly BenchAccount[];
  drop(): Promise<void>;
}

export async function openData(server: PostgresServer, users: number): Promise<BenchDatabase> {
  const template = `bench_${users}_${hashOfData()}`;
  const name = `bench_run_${process.pid}`;

  if (!(await exists(server.url, template))) await makeTemplate(server, template, users);
  await dropLeftovers(server.url);
  await query(server.url, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  const url = withDatabase(server.url, name);
  return {
    url,
    accounts: await readAccounts(url),
    drop: async () => {
      await query(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function makeTemplate(server: PostgresServer, name: string, users: number): Promise<void> {
  const began = performance.now();
  process.stdout.write(`loading ${users} users …`);
  const unfinished = `${name}_unfinished`;
  await query(server.url, [`DROP DATABASE IF EXISTS ${unfinished}`, `CREATE DATABASE ${unfinished}`]);
  const url = withDatabase(server.url, unfinished);
  runNode(['dist/cli/usergraph.js', 'migrate'], {
    ...productSettings,
    NODE_ENV: 'production',
    DATABASE_URL: url,
  });
  await loadData(url, users);
  await query(server.url, ['CHECKPOINT', `ALTER DATABASE ${unfinished} RENAME TO ${name}`]);
  process.stdout.write(` ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
}

/** Copies of runs that were killed. */
async function dropLeftovers(url: string): Promise<void> {
  const left = await query<{ datname: string }>(
    url,
    "SELECT datname FROM pg_database WHERE datname LIKE 'bench\\_run\\_%'",
  );
  for (const { datname } of left)
    if (parentOf(Number(datname.slice('bench_run_'.length))) === null)
      await query(url, `DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
}

async function exists(url: string, name: string): Promise<boolean> {
  return (await query(url, `SELECT 1 FROM pg_database WHERE datname = '${name}'`)).length > 0;
}

async function readAccounts(url: string): Promise<BenchAccount[]> {
  const adminToken = await adminTokenOf(url);
  const accounts = shuffled(await accountsOf(url), 1);
  return accounts.map(({ id, token }, index) => ({ index, id, token, adminToken }));
}

/** Another order for each seed, the same one each time. */
export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const keyed = items.map((item, index) => {
    const key = createHash('sha1').update(`${seed} ${index}`).digest('hex');
    return { item, key };
  });
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ item }) => item);
}

/** Of what the data is made: the migrations, and the statements that load it. */
function hashOfData(): string {
  const hash = createHash('sha256');
  const migrations = path.join(productDirectory, 'prisma/migrations');
  const files = readdirSync(migrations, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.sql'),
  );
  for (const file of files.sort()) hash.update(readFileSync(path.join(migrations, file)));
  for (const file of ['data.ts', 'data-statements.ts'])
    hash.update(readFileSync(path.join(productDirectory, 'bench', file)));
  return hash.digest('hex').slice(0, 12);
}

/** How often tokens were made due: others each time, and the same ones in each run. */
let times = 0;

/**
 * The product notes the use of a token once a minute. Under a load that lasts, a sixtieth of the tokens come due each second;
 * in a turn that follows a break, none would, for those of the break came due when it ended. So as many of these accounts'
 * are made due as do in these seconds.
 */
export async function bringDue(
  { url, accounts }: BenchDatabase,
  { callers, seconds }: { callers: number; seconds: number },
): Promise<void> {
  times += 1;
  const due = shuffled(accounts.slice(0, callers), times).slice(0, Math.round((callers * seconds) / 60));
  const owners = due.map(({ id }) => `'${id}'`).join(', ');
  if (due.length === 0) return;
  await query(url, [
    // The name is changed because servers that keep tokens are told of everything but their uses.
    `UPDATE api_tokens SET last_used_at = now() - interval '61 seconds', name = 'benchmark ' || random()
     WHERE user_id IN (${owners})`,
    'VACUUM api_tokens',
  ]);
}
