/** Which core runs what: the server under load has one for itself, so that the others do not take part in its figures. */
import { execFileSync } from 'node:child_process';

const cpus = allowedCpus();

/** The core of the servers; null where there is no second one, or no way to say so. */
export const serverCpu: number | null = cpus.length > 1 ? (cpus[0] ?? null) : null;

/** The harness, and PostgreSQL as its child, keep to the other cores. */
export function keepToOtherCores(): void {
  if (serverCpu === null) return;
  execFileSync('taskset', ['-a', '-cp', cpus.slice(1).join(','), String(process.pid)], { stdio: 'ignore' });
}

function allowedCpus(): number[] {
  try {
    const text = execFileSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
    return (text.split(':').at(-1) ?? '').trim().split(',').flatMap(expand);
  } catch {
    return [];
  }
}

function expand(range: string): number[] {
  const [from = 0, to = from] = range.split('-').map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
