import { randomUUID } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { runOn, urlOf } from './databases.ts';
import { createPostgresServer } from './postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The PostgreSQL server of this run; undefined when tests run on the embedded database. */
    postgres: { url: string; template: string } | undefined;
  }
}

const HELP = `The tests on PostgreSQL need a server. Either install one (on Debian: apt-get install postgresql), and they start
a private one, or set TEST_DATABASE_URL to a server they may use, as a user who may create databases:
  TEST_DATABASE_URL=postgresql://postgres@localhost:5432/postgres npm run test:postgres`;

/** Once per run: a server, and on it a migrated template that every test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const own = given ? undefined : await createPostgresServer();
  const url = given || own?.url;
  if (url === undefined) throw new Error(HELP);
  const template = `usergraph_template_${randomUUID().replaceAll('-', '')}`;
  const remove = async () => {
    if (own) await own.remove();
    else await runOn(url, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
  };
  try {
    await createTemplate(url, template);
  } catch (error) {
    await remove();
    throw error;
  }
  project.provide('postgres', { url, template });
  return remove;
}

async function createTemplate(url: string, name: string): Promise<void> {
  await runOn(url, `CREATE DATABASE ${name}`);
  const database = await openDatabase(urlOf(url, name));
  try {
    await migrate(database.pool);
  } finally {
    await database.close();
  }
}
