import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type Log = Logger;

export interface LogOptions {
  readonly logLevel: string;
  readonly logFormat: 'auto' | 'json' | 'pretty';
  /** Where lines go instead of standard error. */
  readonly stream?: DestinationStream;
}

/** Lines are written together, 4 KiB of them or those of a tenth of a second: one by one, they cost a tenth of a request. */
const buffered = { sync: false, minLength: 4096, periodicFlush: 100 } as const;

/**
 * Writes to standard error, so that standard output stays for people: JSON lines, or readable ones on a terminal. What waits
 * to be written is written when the process exits, which it does on SIGTERM, SIGINT and SIGHUP; not when it is killed.
 */
export function createLog({ logLevel, logFormat, stream }: LogOptions): Log {
  const pretty = logFormat === 'pretty' || (logFormat === 'auto' && process.stderr.isTTY === true);
  const out =
    stream ?? (pretty ? PinoPretty({ destination: 2, sync: true }) : destination({ fd: 2, ...buffered }));
  return pino({ level: logLevel }, out);
}
