/** What the safety of the product costs: its log measured without it, limits and audit as its CPU profile tells. */
import { createContender } from './contender.ts';
import { median } from './measure.ts';
import { profileWork } from './profile.ts';
import { measureWork, medianOf, type Place, type RoundOptions } from './rounds.ts';
import { ratiosOf, table } from './table.ts';

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

export async function measureOverhead(place: Place, options: RoundOptions): Promise<string> {
  const rows = [];
  for (const work of ['me', 'updateMe'] as const) {
    const silent = createContender('without a log', { LOG_LEVEL: 'silent' });
    const measured = await measureWork(work, [createContender('as it ships'), silent], place, options);
    const [whole, quiet] = measured;
    if (whole === undefined || quiet === undefined) continue;
    const log = 1 - median(ratiosOf(quiet, whole, ({ cpu }) => cpu));
    const { shares } = await profileWork(work, place, options);
    const limits = shares.limits ?? 0;
    const audit = shares.audit ?? 0;
    rows.push([
      `\`${work}\``,
      medianOf(whole, ({ cpu }) => cpu).toFixed(0),
      percent(log),
      percent(limits),
      percent(audit),
      percent(log + limits + audit),
    ]);
  }
  return table(
    ['', 'CPU µs/request', 'log (measured)', 'limits (profile)', 'audit (profile)', 'together'],
    rows,
  );
}
