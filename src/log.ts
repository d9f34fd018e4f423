import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type Log = Logger;

export interface LogOptions {
  readonly logLevel: string;
  readonly logFormat: 'auto' | 'json' | 'pretty';
  /** Where lines go instead of standard error. */
  readonly stream?: DestinationStream;
}

/** Writes to standard error, so that standard output stays for people: JSON lines, or readable ones on a terminal. */
export function createLog({ logLevel, logFormat, stream }: LogOptions): Log {
  const pretty = logFormat === 'pretty' || (logFormat === 'auto' && process.stderr.isTTY === true);
  const out =
    stream ?? (pretty ? PinoPretty({ destination: 2, sync: true }) : destination({ fd: 2, sync: true }));
  return pino({ level: logLevel }, out);
}
