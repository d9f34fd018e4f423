import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells a process from all others, also from those that have its pid later or in another container. */
export interface ProcessIdentity {
  pid: number;
  /** Boot id and start time; empty where the system does not tell. */
  started: string;
  /** Where the pid means something: host name and pid namespace. */
  place: string;
}

export function identifyProcess(pid = process.pid): ProcessIdentity {
  return { pid, started: startOf(pid), place: here() };
}

/** Whether the pid of that process can be looked up from here. */
export const isHere = (identity: ProcessIdentity): boolean => identity.place === here();

/** Whether a process that `isHere` still runs. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === '' || started === startOf(pid);
}

function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' '); // the name before it may contain anything
    const isZombie = fields[0] === 'Z';
    return isZombie ? '' : `${boot} ${fields[19]}`;
  } catch {
    return '';
  }
}

function here(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
