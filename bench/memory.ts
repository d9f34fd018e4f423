/** Whether memory stays flat over a million requests. */
import { createContender } from './contender.ts';
import { load } from './load.ts';
import { memoryOf } from './measure.ts';
import { findFreePort } from './processes.ts';
import { type Place, portOf, requestsOf } from './rounds.ts';
import { table } from './table.ts';

/** `me` again and again; the slope is that of the second half, when all that is kept has been made once. */
export async function measureMemory({ database }: Place, requests: number): Promise<string> {
  const contender = createContender();
  const running = await contender.start({ databaseUrl: database.url, port: await findFreePort() });
  const next = requestsOf(contender, 'me', database);
  const step = requests / 20;
  const points: [thousands: number, megabytes: number][] = [];
  try {
    for (let done = step; done <= requests; done += step) {
      await load({ port: portOf(running), next, connections: 16, seconds: 0, requests: step });
      points.push([done / 1000, memoryOf(running.pid) / 2 ** 20]);
      process.stdout.write(`memory: ${points.at(-1)?.map(Math.round).join('k requests, ')} MB\n`);
    }
  } finally {
    await running.stop();
  }
  const rows = points.filter((_, index) => index % 2 === 1).map(([x, y]) => [`${x}k`, y.toFixed(0)]);
  const slope = slopeOf(points.slice(points.length / 2)) * 100;
  return `${table(['requests of `me`', 'MB'], rows)}\nSlope of the second half: ${slope.toFixed(2)} MB a 100,000 requests.\n`;
}

/** Least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map((point) => point[0]));
  const y = mean(points.map((point) => point[1]));
  const above = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const below = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return above / below;
}
