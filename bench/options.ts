/** What `npm run bench -- …` is asked for. */
import { parseArgs } from 'node:util';
import { isKnownWork } from './contender.ts';
import { type WorkName, workNames } from './peer.ts';

export interface Options {
  readonly users: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Of the part that watches memory. */
  readonly requests: number;
  readonly only: readonly string[];
  readonly works: readonly WorkName[];
  readonly isQuick: boolean;
  readonly fresh: boolean;
  readonly write: boolean;
  /** The parts that are asked for; all of them when none is. */
  readonly parts: readonly Part[];
  readonly profile: WorkName | null;
}

export const parts = ['works', 'scale', 'memory', 'start', 'embedded', 'overhead'] as const;
export type Part = (typeof parts)[number];

export const help = `npm run bench -- [options]

  --users N        accounts in the database (10000); --scale takes 1000000 where it is not said
  --rounds N       rounds of each work (5)
  --seconds N      how long each turn lasts (3)
  --only a,b       of the peers only those whose names hold one of these; the product and the limit are always there
  --work a,b       of ${workNames.join(', ')}
  --quick          two rounds of two seconds each, for a look
  --scale          pages and filters of lists
  --memory         a million requests, or as many as --requests says
  --start          how long it takes to start
  --embedded       the embedded database against a PostgreSQL server
  --overhead       what audit, limits and logs take
  --profile WORK   writes a CPU profile of the product and tells where its time goes
  --fresh          makes the database anew
  --write          writes RESULTS.md, as a run of everything does
`;

const number = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      users: number,
      rounds: number,
      seconds: number,
      requests: number,
      only: { type: 'string' },
      work: { type: 'string' },
      profile: { type: 'string' },
      quick: flag,
      scale: flag,
      memory: flag,
      start: flag,
      embedded: flag,
      overhead: flag,
      fresh: flag,
      write: flag,
      help: flag,
    },
  });
  if (values.help) return null;
  const asked = parts.filter((part) => (part === 'works' ? values.work !== undefined : values[part]));
  const isWhole =
    asked.length === 0 && values.profile === undefined && !values.quick && values.only === undefined;
  const works = worksOf(values.work);
  return {
    users: Number(values.users ?? (values.scale ? 1_000_000 : 10_000)),
    rounds: Number(values.rounds ?? (values.quick ? 2 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 2 : 3)),
    requests: Number(values.requests ?? (values.quick ? 100_000 : 1_000_000)),
    only: values.only?.split(',') ?? [],
    works,
    isQuick: values.quick,
    fresh: values.fresh,
    write: values.write || isWhole,
    parts: asked.length > 0 ? asked : isWhole ? parts : ['works'],
    profile: values.profile === undefined ? null : (worksOf(values.profile)[0] ?? null),
  };
}

function worksOf(text: string | undefined): readonly WorkName[] {
  const names = text?.split(',') ?? workNames;
  for (const name of names)
    if (!isKnownWork(name)) throw new Error(`There is no work "${name}": ${workNames.join(', ')}.`);
  return names.filter(isKnownWork);
}
