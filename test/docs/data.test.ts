/** What docs/data.md says is complete and true. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventTypes } from '../../src/domain/audit.ts';
import * as housekeeping from '../../src/domain/housekeeping.ts';
import { backOff } from '../../src/webhooks/outcomes.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

const guide = readFileSync(new URL('../../docs/data.md', import.meta.url), 'utf8');
const section = (title: string) => guide.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
const named = (text: string, pattern: RegExp) =>
  new Set([...text.matchAll(pattern)].map(([, name = '']) => name));

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
});
afterAll(() => app.close());

test('every table stands in the list of what is stored, and none that is not there', async () => {
  const { rows } = await app.database.pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  const tables = rows.map(({ name }) => name).filter((name) => name !== '_prisma_migrations');
  const listed = named(
    section('What is stored').replace(/`usergraph_jobs`|`(?:profile|data:read)`/g, ''),
    /`([a-z_]+)`/g,
  );
  expect([...listed].sort()).toEqual(tables.sort());
});

test('it says how long what is over is kept', () => {
  const text = section('What is stored');
  expect(text).toContain(`${housekeeping.endedSessionDays} days after they ended`);
  expect(text).toContain(`used refresh tokens ${housekeeping.usedTokenDays} days`);
  expect(text).toContain(`${housekeeping.endedCodeDays} day after their time is over`);
});

test('the table of events names each type, and no other', () => {
  const table = section('Events and webhooks').split('`createWebhook`')[0] ?? '';
  expect([...named(table, /`([a-z]+\.[a-z_]+)`/g)].sort()).toEqual([...eventTypes]);
});

test('it says when a delivery that failed is tried again', () => {
  const seconds = backOff.map((milliseconds) => milliseconds / 1000);
  expect(seconds).toEqual([5, 30, 120, 600, 3600, 10_800, 21_600, 43_200, 86_400]);
  expect(guide.replace(/\s+/g, ' ')).toContain('5 s, 30 s, 2 and 10 minutes, 1, 3, 6, 12 and 24 hours');
});
