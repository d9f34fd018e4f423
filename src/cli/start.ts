import { setFlagsFromString } from 'node:v8';
import { createLog, type Log } from '../log.ts';
import { type RunningServer, startServer } from '../main.ts';
import { readConfig } from './environment.ts';
import { renderWelcome } from './welcome.ts';

const STOP_LIMIT = 10_000;

/**
 * Where V8 sees objects of one place in the code live long, as those that the read cache keeps, it puts all of that place into
 * the old generation from then on; and with them, until its next full collection, whatever the requests that made them hold.
 * So it promoted every request, for a third of its CPU.
 */
const runtimeFlags = '--no-allocation-site-pretenuring';

export async function runStart(): Promise<void> {
  setFlagsFromString(runtimeFlags);
  const config = readConfig();
  const log = createLog(config);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'crashed');
    process.exit(1);
  });
  const server = await startServer(config, log);
  stopOnSignals(server, log);
  process.stdout.write(renderWelcome({ ...server, url: config.publicUrl ?? server.url }));
}

/** The first signal stops cleanly, within ten seconds; a second one exits at once. */
function stopOnSignals(server: RunningServer, log: Log): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'signal received');
    setTimeout(() => {
      log.error(`requests still ran ${STOP_LIMIT / 1000} s after ${signal}: exiting without them`);
      process.exit(1);
    }, STOP_LIMIT).unref();
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the server did not stop cleanly');
        process.exit(1);
      },
    );
  };
  if (process.env.npm_lifecycle_event !== undefined) watchParent(() => stop('SIGTERM'));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
}

/** npm runs its scripts through a shell that dies of a signal without handing it on: an orphan takes that for the signal. */
function watchParent(orphaned: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    orphaned();
  }, 250);
  timer.unref();
}
