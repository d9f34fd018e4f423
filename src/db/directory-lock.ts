import { randomUUID } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DirectoryLockedError } from './errors.ts';
import { identifyProcess, isHere, isRunning, type ProcessIdentity } from './process-identity.ts';

const PREFIX = 'lock-';
const ATTEMPTS = 100;
const HEARTBEAT = 2_000; // how often a holder touches its file, for those who cannot see its pid
const SILENCE = 15_000; // how long such a holder may be silent; its event loop can be busy with the database

/** Who wants or holds a directory; the content of its lock file. */
interface Claim extends ProcessIdentity {
  held: boolean;
}

interface Rival {
  claim: Claim;
  file: string;
}

export interface DirectoryLock {
  release(): void;
}

/** Whether a directory entry belongs to the lock and not to what it protects. */
export const isLockFile = (name: string): boolean => name.startsWith(PREFIX);

/**
 * Takes a directory for this process, or throws DirectoryLockedError. A lock left behind by a dead process does not
 * count, also when another process has its pid by now.
 *
 * Every contender first creates a file of its own, then looks at the others': of two, at least the later one sees the
 * other, so never do two hold the directory. Contenders that see each other step back and try again.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const identity = identifyProcess();
  const file = path.join(directory, `${PREFIX}${identity.pid}-${randomUUID()}`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await writeFile(file, JSON.stringify({ ...identity, held: false }), { flag: 'wx' });
    const rivals = await findRivals(directory, file);
    if (rivals.length === 0) return hold(file, identity);
    await unlink(file);
    const holder = rivals.find(({ claim }) => claim.held);
    if (holder && !(await fallsSilent(holder))) throw lockedError(directory, holder.claim);
    await sleep(10 + Math.random() * 90);
  }
  throw new DirectoryLockedError(
    `Too many processes try to open the embedded database ${directory} at once.`,
  );
}

async function hold(file: string, identity: ProcessIdentity): Promise<DirectoryLock> {
  await writeFile(file, JSON.stringify({ ...identity, held: true }));
  const heartbeat = setInterval(
    () => utimes(file, new Date(), new Date()).catch(() => {}),
    HEARTBEAT,
  ).unref();
  const release = () => {
    clearInterval(heartbeat);
    process.off('exit', release);
    try {
      unlinkSync(file);
    } catch {
      // the directory is gone, and the lock with it
    }
  };
  process.once('exit', release);
  return { release };
}

/** The claims of living processes; those of dead ones are removed, which is safe as no two files share a name. */
async function findRivals(directory: string, own: string): Promise<Rival[]> {
  const now = (await stat(own)).mtimeMs; // the file system's clock, not ours
  const rivals: Rival[] = [];
  for (const name of (await readdir(directory)).filter(isLockFile)) {
    const file = path.join(directory, name);
    if (file === own) continue;
    const claim = await readClaim(file);
    if (!claim) continue;
    if (await isAlive(claim, file, now)) rivals.push({ claim, file });
    else await unlink(file).catch(() => {});
  }
  return rivals;
}

/** Reads a claim, or undefined when it is gone. One that is being written says nothing yet, not even where it is. */
async function readClaim(file: string): Promise<Claim | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Claim;
  } catch {
    return { pid: 0, started: '', place: '', held: false };
  }
}

async function isAlive(claim: Claim, file: string, now: number): Promise<boolean> {
  if (isHere(claim)) return isRunning(claim);
  const touched = await lastTouched(file);
  return touched !== undefined && now - touched < SILENCE;
}

/** Watches a holder in another container or on another host until it is heard of (false) or found dead (true). */
async function fallsSilent({ claim, file }: Rival): Promise<boolean> {
  if (isHere(claim)) return false;
  const before = await lastTouched(file);
  for (let waited = 0; waited < SILENCE; waited += 500) {
    const touched = await lastTouched(file);
    if (touched === undefined) return true;
    if (touched !== before) return false;
    await sleep(500);
  }
  return true;
}

const lastTouched = async (file: string): Promise<number | undefined> =>
  (await stat(file).catch(() => undefined))?.mtimeMs;

function lockedError(directory: string, holder: Claim): DirectoryLockedError {
  const where = isHere(holder) ? '' : ` on ${holder.place.split(' ')[0]}`;
  return new DirectoryLockedError(
    `The embedded database ${directory} is in use by process ${holder.pid}${where}.\n` +
      'Only one process can open it. Stop that process first, or set DATABASE_URL to another directory or to a ' +
      'PostgreSQL server, which many processes can share.',
  );
}
