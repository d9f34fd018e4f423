/** Page 1 against page 10,000 and every filter, at any number of users. Alone: `tsx bench/scale.ts <database URL>`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { createContender } from './contender.ts';
import { accountsOf, adminTokenOf } from './data.ts';
import { findFreePort } from './processes.ts';
import { type Case, countCases, filterCases, pageCases, restCases } from './scale-cases.ts';
import { alternate, type Latency, send } from './scale-client.ts';
import { readFacts } from './scale-filters.ts';

export interface ScaleOptions {
  /** How often each is asked for, over each number of connections. */
  readonly requests?: number;
  /** Only the cases whose names match this. */
  readonly only?: string;
  readonly tell?: (line: string) => void;
}

interface Result {
  readonly name: string;
  /** Over one connection, then over eight. */
  readonly runs: readonly (readonly [base: Latency, asked: Latency])[];
}

/** Starts the product on a loaded database, measures it, and answers a table in Markdown. */
export async function measureScale(databaseUrl: string, options: ScaleOptions = {}): Promise<string> {
  const { requests = 300, only = '', tell = () => {} } = options;
  const cases = (await casesOf(databaseUrl)).filter(({ name }) => new RegExp(only).test(name));
  const server = await createContender().start({ databaseUrl, port: await findFreePort() });
  try {
    const results: Result[] = [];
    for (const one of cases) {
      const result = await measure(server.url, one, one.name.startsWith('totalCount') ? 20 : requests);
      tell(line(result));
      results.push(result);
    }
    return [...header, ...results.map(line), ''].join('\n');
  } finally {
    await server.stop();
  }
}

async function casesOf(databaseUrl: string): Promise<Case[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT count(*)::int AS users FROM users');
    const users = Number(rows[0].users);
    const admin = await adminTokenOf(databaseUrl);
    const manager = (await accountsOf(databaseUrl))[0]?.token ?? admin; // the account number 5, who manages ten
    const facts = await readFacts(client);
    return [
      ...(await pageCases(client, admin, users)),
      ...filterCases(facts, admin),
      ...filterCases(facts, manager, 'manager: '),
      ...restCases(facts, admin, manager, users),
      ...countCases(facts, admin),
    ];
  } finally {
    await client.end();
  }
}

async function measure(url: string, { name, ask, base }: Case, requests: number): Promise<Result> {
  for (let warm = 0; warm < Math.min(requests, 20); warm += 1) {
    await Promise.all([send(url, base), send(url, ask)]);
  }
  const runs = [];
  for (const connections of [1, 8]) runs.push(await alternate(url, [base, ask], { requests, connections }));
  return { name, runs };
}

const header = [
  '| | page 1 p50 / p99 | p50 / p99 (ms) | ratio of p99 | page 1 p50 / p99, 8 connections | p50 / p99 | ratio of p99 |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];

function line({ name, runs }: Result): string {
  const cells = runs.flatMap(([base, asked]) => [pair(base), pair(asked), (asked.p99 / base.p99).toFixed(2)]);
  return `| ${[name, ...cells].join(' | ')} |`;
}

const pair = ({ p50, p99 }: Latency) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { requests: { type: 'string' }, only: { type: 'string' }, write: { type: 'string' } },
  });
  const [databaseUrl] = positionals;
  if (!databaseUrl) throw new Error('Name the database: tsx bench/scale.ts postgresql://…');
  const table = await measureScale(databaseUrl, {
    requests: Number(values.requests ?? 300),
    only: values.only ?? '',
    tell: (text) => process.stdout.write(`${text}\n`),
  });
  if (values.write) writeFileSync(values.write, table);
}
