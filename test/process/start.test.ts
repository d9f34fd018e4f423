import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { createServerDatabase } from '../setup/databases.ts';
import { createServers } from '../setup/servers.ts';

vi.setConfig({ testTimeout: 90_000 });

let servers: ReturnType<typeof createServers>;
beforeEach(() => {
  servers = createServers();
});
afterEach(() => servers.remove());

async function graphql(url: string, query: string, token?: string) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data: Record<string, Record<string, string>> };
}

async function signIn(url: string): Promise<string> {
  const input = '{ login: "ada", password: "usergraph-demo" }';
  const { data } = await graphql(
    url,
    `mutation { signIn(input: ${input}) { ... on SignInSuccess { token } } }`,
  );
  return data.signIn?.token ?? '';
}

describe('a first start on an embedded database', () => {
  test('prints the URL with the real port and the demo accounts, and answers; a second process is refused', async () => {
    const { process, url } = await servers.start();
    await process.printed(/ci +–/);
    expect(process.stdout).toContain(`GraphiQL  ${url}/graphql\n`);
    expect(process.stdout).toMatch(/^ {2}Login +Password +Role\n {2}admin +usergraph-demo +superuser/m);
    expect(process.stdout).not.toContain('may have been changed');
    expect(await signIn(url)).not.toBe('');
    const logged = process.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(logged).toContainEqual(expect.objectContaining({ msg: 'listening', url }));

    const { code, stdout, stderr } = await servers.finish('start');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^The embedded database .* is in use by process ${process.pid}\\.\n`));
    expect(stderr).not.toContain('    at ');
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ok' });
  });
});

test('every acknowledged write outlives a kill -9, and the next start says that the demo is kept', async () => {
  const { process, url } = await servers.start();
  const token = await signIn(url);
  const acknowledged: string[] = [];
  const write = async (firstName: string) => {
    const create = `createManagedUser(input: { firstName: "${firstName}" }) { __typename }`;
    const { data } = await graphql(url, `mutation { ${create} }`, token);
    if (data.createManagedUser?.__typename === 'CreateManagedUserSuccess') acknowledged.push(firstName);
  };
  const writing = Promise.allSettled(Array.from({ length: 60 }, (_, index) => write(`Written${index}`)));
  while (acknowledged.length < 20) await sleep(1);
  await process.kill('SIGKILL');
  await writing;
  expect(acknowledged.length).toBeLessThan(60);

  const next = await servers.start();
  await next.process.printed(/Demo accounts \(their passwords may have been changed since\)/);
  const query = '{ me { managedUsers(first: 100) { nodes { firstName } } } }';
  const kept = JSON.stringify(await graphql(next.url, query, token));
  expect(acknowledged.filter((name) => !kept.includes(`"${name}"`))).toEqual([]);
});

describe('a start that cannot work exits with 1 and one clear message', () => {
  test('a bad configuration, with each name and reason', async () => {
    const { code, stdout, stderr } = await servers.finish('start', { PORT: 'http', LOG_LEVEL: 'loud' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^The configuration cannot be used:\n {2}PORT: .*\n {2}LOG_LEVEL: .*\n$/);
  });

  test('a port that is taken, and the database is left in order', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, stderr } = await servers.finish('start', { PORT: String(port) });
    other.close();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Port ${port} of 127.0.0.1 is in use. Stop the program that uses it, or set PORT to another one.\n`,
    });
    expect(servers.contents()).toEqual(['pgdata']);
  });

  test('a directory with other files', async () => {
    writeFileSync(path.join(servers.parent, 'letter.txt'), '');
    const { code, stderr } = await servers.finish('start', { DATABASE_URL: `pglite:${servers.parent}` });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The directory .* is not a database: it holds other files \(letter.txt\)\.\n/);
  });

  test('a server that is down', async () => {
    const { code, stderr } = await servers.finish('start', {
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'The database cannot be used: connect ECONNREFUSED 127.0.0.1:1.\nIs it running, and does DATABASE_URL name it?\n',
    });
  });
});

describe.skipIf(inject('postgres') === undefined)('on a server', () => {
  test('start asks for migrate, which is done once, and seed asks for --yes', async () => {
    const { url, remove } = await createServerDatabase();
    const env = { DATABASE_URL: url };
    const refusal = (pattern: RegExp) => ({ code: 1, stdout: '', stderr: expect.stringMatching(pattern) });
    expect(await servers.finish('start', env)).toEqual(refusal(/Run `usergraph migrate`/));
    expect((await servers.finish('migrate', env)).stdout).toMatch(/^applied \d+_\w+\n/);
    expect((await servers.finish('migrate', env)).stdout).toBe('The database is up to date.\n');
    expect(await servers.finish('seed', env)).toEqual(refusal(/`usergraph seed --yes`/));
    const server = await servers.start(env);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(server.process.stdout).not.toContain('Demo accounts');
    await server.process.kill('SIGTERM');
    await remove();
  });
});
