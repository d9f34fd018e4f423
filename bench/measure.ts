/** What processes cost, as the kernel counts it: user and system time of a process and its descendants, and their memory. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** In microseconds, of all threads, and of children that have ended. */
  readonly cpu: number;
}

/** The microseconds of CPU that a process and all that descends from it have used so far. */
export function cpuOf(pid: number): number {
  return treeOf(pid).reduce((sum, row) => sum + row.cpu, 0);
}

/** The memory of a process and all that descends from it, in bytes. */
export function memoryOf(pid: number): number {
  return treeOf(pid).reduce((sum, row) => sum + residentSize(row.pid), 0);
}

function residentSize(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}

function treeOf(root: number): ProcessRow[] {
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readRow(Number(name)));
  const found = rows.filter(({ pid }) => pid === root);
  for (const parent of found) found.push(...rows.filter((row) => row.parent === parent.pid));
  return found;
}

function readRow(pid: number): ProcessRow[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything; the fields after it are counted from the third.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return [{ pid, parent: Number(fields[1]), cpu: (ticks / ticksPerSecond) * 1e6 }];
  } catch {
    return [];
  }
}

/** The parent of a process; for a backend of PostgreSQL, the server. */
export function parentOf(pid: number): number | null {
  return readRow(pid)[0]?.parent ?? null;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
