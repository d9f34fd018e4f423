/** Figures as tables in Markdown. */
import { median } from './measure.ts';
import { type Measured, medianOf, type Turn } from './rounds.ts';

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    Math.max(name.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  // The first column is text, the others are figures.
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(' | ')} |\n`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return line(header) + line(rule) + rows.map(line).join('');
}

const header = [
  'server',
  'CPU µs/request',
  '× limit',
  'spread',
  'PostgreSQL µs',
  'requests/s',
  '× limit',
  'p50 ms',
  'p99 ms',
  'p99 × limit',
  'memory MB',
  '× limit',
];

/** The ones that cost least first. Ratios are taken round by round to the limit, and then their median. */
export function worksTable(measured: readonly Measured[], limitName: string): string {
  const limit = measured.find(({ peer }) => peer === limitName);
  const rows = [...measured]
    .sort((a, b) => medianOf(a, readCpu) - medianOf(b, readCpu))
    .map((one) => rowOf(one, limit ?? one));
  return table(header, rows);
}

const readCpu = ({ cpu }: Turn) => cpu;
const rateOf = ({ requests, seconds }: Turn) => requests / seconds;

function rowOf(one: Measured, limit: Measured): string[] {
  const ratios = (read: (turn: Turn) => number) => ratiosOf(one, limit, read);
  const cpuRatios = ratios(readCpu);
  const hasDatabase = one.turns.every(({ databaseCpu }) => databaseCpu !== null);
  return [
    one.peer,
    medianOf(one, readCpu).toFixed(0),
    median(cpuRatios).toFixed(2),
    `${Math.min(...cpuRatios).toFixed(2)}–${Math.max(...cpuRatios).toFixed(2)}`,
    hasDatabase ? medianOf(one, ({ databaseCpu }) => databaseCpu ?? 0).toFixed(0) : '–',
    medianOf(one, rateOf).toFixed(0),
    median(ratios(rateOf)).toFixed(2),
    medianOf(one, ({ p50 }) => p50).toFixed(1),
    medianOf(one, ({ p99 }) => p99).toFixed(1),
    median(ratios(({ p99 }) => p99)).toFixed(2),
    (one.memory / 2 ** 20).toFixed(0),
    (one.memory / limit.memory).toFixed(1),
  ];
}

export function ratiosOf(one: Measured, limit: Measured, read: (turn: Turn) => number): number[] {
  return one.turns.map((turn, round) => {
    const reference = limit.turns[round];
    return reference === undefined ? Number.NaN : read(turn) / read(reference);
  });
}
