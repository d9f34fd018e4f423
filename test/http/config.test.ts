import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';

const fileAt = (path: string) => new URL(`../../${path}`, import.meta.url);
const textOf = (path: string) => (existsSync(fileAt(path)) ? readFileSync(fileAt(path), 'utf8') : '');

/** The variables that the product reads, from the one file that reads them. */
const variables = [...textOf('src/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(
  ([, name = '']) => name,
);

/** The variables of `.env.example`, set or commented out. */
const example = Object.fromEntries(
  [...textOf('.env.example').matchAll(/^(?:# ?)?([A-Z][A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value.trim(),
  ]),
);

function messageOf(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

it('reads the variables that this test knows of', () => {
  expect(variables.length).toBeGreaterThan(10);
  expect(variables).toContain('DATABASE_URL');
});

describe('.env.example', () => {
  it('names every variable, and no other', () => {
    expect(Object.keys(example).toSorted()).toEqual(variables.toSorted());
  });

  it('shows the defaults', () => {
    expect(loadConfig(example)).toEqual(loadConfig({}));
  });
});

describe("README's table of variables", () => {
  const [table = ''] = /^\| variable .*?\n\n/ms.exec(textOf('README.md')) ?? [];
  /** Each variable with its default, which stand in the first two cells; a row may be about several. */
  const rows = [...table.matchAll(/^\|(\s*`[A-Z][A-Z_]+`[^|]*)\|([^|]*)\|/gm)].flatMap(
    ([, names = '', defaults = '']) => {
      const values = quoted(defaults);
      return quoted(names).map((name, index) => [name, values[index] ?? ''] as const);
    },
  );

  it('names every variable, and no other', () => {
    expect(rows.map(([name]) => name).toSorted()).toEqual(variables.toSorted());
  });

  it('shows the defaults', () => {
    expect(Object.fromEntries(rows)).toEqual(example);
  });
});

const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

const bad: Record<string, readonly string[]> = {
  PORT: ['x', '-1', '65536', '4000.5', '0x10', ' ', '1e3'],
  PUBLIC_URL: ['x', 'ftp://example.com', 'javascript:alert(1)'],
  DATABASE_URL: ['mysql://user:secret@host/db', 'postgres://', 'pglite:', 'secret'],
  DATABASE_POOL_SIZE: ['0', '1001', 'many'],
  DATABASE_STATEMENT_TIMEOUT_MS: ['99', '3600001', 'soon'],
  DATABASE_NAMED_STATEMENTS: ['maybe', '2'],
  SESSION_DAYS: ['0', '367', 'forever'],
  RATE_LIMIT_PER_MINUTE: ['0', '10000001', 'none'],
  MAX_BODY_KIB: ['0', '102401', '1MB'],
  LOG_LEVEL: ['loud', 'INFO'],
  LOG_FORMAT: ['xml'],
};

describe('a bad value', () => {
  it.each(Object.entries(bad).flatMap(([name, values]) => values.map((value) => ({ name, value }))))(
    '$value of $name stops the start, with the name and the reason',
    ({ name, value }) => {
      const lines = messageOf({ [name]: value }).split('\n');
      expect(lines[0]).toBe('The configuration cannot be used:');
      expect(lines).toHaveLength(2);
      expect(lines[1]).toMatch(new RegExp(`^ {2}${name}: .{5,} \\(got .+\\)$`));
    },
  );

  it.each(bad.DATABASE_URL ?? [])('of DATABASE_URL is never shown: %s', (value) => {
    expect(messageOf({ DATABASE_URL: value })).toContain('DATABASE_URL: must be postgresql://');
    expect(messageOf({ DATABASE_URL: value })).not.toMatch(/secret|mysql/);
  });

  it('is told with all others at once', () => {
    const message = messageOf({ PORT: 'x', LOG_LEVEL: 'loud', SESSION_DAYS: '0', DATABASE_URL: 'secret' });
    for (const name of ['PORT', 'LOG_LEVEL', 'SESSION_DAYS', 'DATABASE_URL'])
      expect(message).toContain(`  ${name}: `);
  });
});

describe('a good value', () => {
  it('is taken as it is meant', () => {
    const config = loadConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      PUBLIC_URL: 'https://graph.example.com/',
      DATABASE_URL: 'postgres://user:secret@host/db',
      DATABASE_NAMED_STATEMENTS: 'false',
      CORS_ORIGIN: 'https://a.example, https://b.example',
      MAX_BODY_KIB: '2',
    });
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      publicUrl: 'https://graph.example.com',
      databaseUrl: 'postgres://user:secret@host/db',
      databaseNamedStatements: false,
      corsOrigins: ['https://a.example', 'https://b.example'],
      maxBodyBytes: 2048,
    });
  });

  it('is the default where a variable is empty', () => {
    const empty = Object.fromEntries(variables.map((name) => [name, '']));
    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });

  it('is not looked for in variables of others', () => {
    expect(loadConfig({ PATH: '/bin', DATABASE: 'x' })).toEqual(loadConfig({}));
  });
});
