/** On what the figures were made. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverCpu } from './cores.ts';
import { type PostgresServer, settingsText } from './postgres.ts';

const peerPackages = [
  'fastify',
  '@apollo/server',
  'mercurius',
  'graphql-yoga',
  '@pothos/core',
  '@prisma/client',
  '@prisma/adapter-pg',
  'pg',
  'graphql',
];

export function describeMachine(server: PostgresServer): string {
  const processors = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const isOwn = process.env.BENCH_DATABASE_URL === undefined;
  return [
    `- Machine: ${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}, ${memory} GiB, ${type()} ${release()}`,
    `- Node ${process.version.slice(1)}, PostgreSQL ${server.version}${isOwn ? ` (${settingsText})` : ''}`,
    `- Packages: ${peerPackages.map((name) => `${name} ${versionOf(name)}`).join(', ')}`,
    serverCpu === null
      ? '- The servers, PostgreSQL and the load generator share all cores.'
      : '- The server under load has one core for itself; PostgreSQL and the load generator have the others.',
    '',
  ].join('\n');
}

function versionOf(name: string): string {
  const file = path.join(fileURLToPath(new URL('node_modules', import.meta.url)), name, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
