import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDirectory } from '../../src/db/directory-lock.ts';
import { DirectoryLockedError } from '../../src/db/errors.ts';
import { identifyProcess } from '../../src/db/process-identity.ts';
import { type RunningProcess, script } from '../setup/processes.ts';

let directory: string;
let processes: RunningProcess[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'usergraph-lock-'));
  processes = [];
});
afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill('SIGKILL')));
  rmSync(directory, { recursive: true, force: true });
});

const contend = () => {
  const process = script(new URL('lock-process.ts', import.meta.url), [directory]);
  processes.push(process);
  return process;
};
const locks = () => readdirSync(directory);
const leave = (claim: object | string, age = 0) => {
  const file = path.join(directory, 'lock-99999-left-behind');
  writeFileSync(file, typeof claim === 'string' ? claim : JSON.stringify(claim));
  const then = Date.now() / 1000 - age;
  utimesSync(file, then, then);
  return file;
};

describe('a directory that a living process holds', () => {
  test('is refused to others, with the pid, the directory and what to do', async () => {
    const holder = contend();
    await holder.printed(/holds/);
    const attempt = lockDirectory(directory);
    await expect(attempt).rejects.toThrow(DirectoryLockedError);
    await expect(attempt).rejects.toThrow(
      new RegExp(
        `${directory} is in use by process ${holder.pid}\\.\\n.*Stop that process first, or set DATABASE_URL`,
      ),
    );
    expect(locks()).toHaveLength(1);
  });

  test('is refused to a second opener in the same process', async () => {
    const lock = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toThrow(`in use by process ${process.pid}`);
    lock.release();
    (await lockDirectory(directory)).release();
    expect(locks()).toEqual([]);
  });

  test('is free once it is released', async () => {
    const holder = contend();
    await holder.printed(/holds/);
    holder.child.kill('SIGUSR2');
    await holder.printed(/released/);
    (await lockDirectory(directory)).release();
  });

  test('is free once it exits, and its lock file is gone', async () => {
    const holder = contend();
    await holder.printed(/holds/);
    await holder.kill('SIGTERM');
    expect(locks()).toEqual([]);
  });
});

describe('a lock left behind', () => {
  test('by a killed process is taken over', async () => {
    const holder = contend();
    await holder.printed(/holds/);
    await holder.kill('SIGKILL');
    expect(locks()).toHaveLength(1);
    (await lockDirectory(directory)).release();
    expect(locks()).toEqual([]);
  });

  test('by a process whose pid another one has by now is taken over', async () => {
    const { pid, place } = identifyProcess();
    leave({ pid, place, started: 'another boot 12345', held: true });
    (await lockDirectory(directory)).release();
  });

  test('by a process killed before it wrote its claim is taken over after a while', async () => {
    leave('', 60);
    (await lockDirectory(directory)).release();
  });

  test('by a silent process elsewhere is taken over', async () => {
    leave({ pid: 1, place: 'elsewhere', started: 'x', held: true }, 60);
    (await lockDirectory(directory)).release();
  });

  test('is taken over by exactly one of many that try at once, and the others are refused', async () => {
    leave({ ...identifyProcess(), started: 'another boot 12345', held: true });
    const contenders = Array.from({ length: 6 }, contend);
    const outcomes = await Promise.all(
      contenders.map(async (process) => (await process.printed(/holds|refused/))[0]),
    );
    expect(outcomes.sort()).toEqual(['holds', 'refused', 'refused', 'refused', 'refused', 'refused']);
    expect(locks()).toHaveLength(1);
  });
});

describe('a holder elsewhere, whose pid cannot be looked up', () => {
  test('keeps the directory as long as it is heard of', async () => {
    const file = leave({ pid: 1, place: 'container-7 pid:[1]', started: 'x', held: true });
    const heartbeat = setInterval(() => utimesSync(file, new Date(), new Date()), 200);
    await expect(lockDirectory(directory)).rejects.toThrow('in use by process 1 on container-7');
    clearInterval(heartbeat);
  });

  test('hears of us while we hold it', async () => {
    const lock = await lockDirectory(directory);
    const [name = ''] = locks();
    const file = path.join(directory, name);
    utimesSync(file, 1, 1);
    await sleep(2_500);
    expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(2_500);
    lock.release();
  });
});
