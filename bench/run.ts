/** The benchmark: `npm run bench -- --help` tells what it can be asked for. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keepToOtherCores } from './cores.ts';
import { openData } from './databases.ts';
import { measureEmbedded } from './embedded.ts';
import { installPeers } from './install.ts';
import { describeMachine } from './machine.ts';
import { measureMemory } from './memory.ts';
import { limit } from './node-peers.ts';
import { help, type Options, type Part, readOptions } from './options.ts';
import { measureOverhead } from './overhead.ts';
import type { Peer } from './peer.ts';
import { choosePeers } from './peers.ts';
import { startPostgres } from './postgres.ts';
import { describeProfile, profileWork } from './profile.ts';
import { measureWork, type Place, type RoundOptions } from './rounds.ts';
import { measureScale } from './scale.ts';
import { measureStarts } from './start-times.ts';
import { worksTable } from './table.ts';
import { descriptions } from './works.ts';

const results = fileURLToPath(new URL('RESULTS.md', import.meta.url));
const million = 1_000_000;

async function run(options: Options): Promise<void> {
  installPeers();
  keepToOtherCores();
  const server = await startPostgres(options);
  try {
    const place = async (users: number): Promise<Place & { end(): Promise<void> }> => {
      const database = await openData(server, users);
      return { database, databasePid: server.pid, end: database.drop };
    };
    const args = process.argv.slice(2).map((arg) => ` ${arg}`);
    const command = `npm run bench${args.length > 0 ? ` --${args.join('')}` : ''}`;
    const sections = [`# Results\n\nOf \`${command}\`, in one run.\n`, describeMachine(server)];
    for (const section of sectionsOf(options)) {
      const at = await place(section.users);
      try {
        const text = `## ${section.title}\n\n${await section.measure(at)}`;
        process.stdout.write(`\n${text}`);
        sections.push(text);
        if (options.write) writeFileSync(results, sections.join('\n'));
      } finally {
        await at.end();
      }
    }
  } finally {
    await server.stop();
  }
}

interface Section {
  readonly title: string;
  readonly users: number;
  measure(place: Place): Promise<string>;
}

function sectionsOf(options: Options): Section[] {
  const { users, works } = options;
  const rounds = roundsOf(options);
  const { profile } = options;
  if (profile !== null) {
    const measure = async (place: Place) =>
      describeProfile(profile, await profileWork(profile, place, rounds));
    return [{ title: `Profile of ${profile}`, users, measure }];
  }
  const byPart: Record<Part, () => Section[]> = {
    works: () =>
      works.map((work) => ({
        title: descriptions[work],
        users,
        measure: async (place) => {
          const peers = await choosePeers(options.only, work);
          return worksTable(await measureWork(work, peers, place, rounds), limit.name);
        },
      })),
    scale: () =>
      [...new Set([10_000, options.parts.length === 1 ? users : million])].map((count) => ({
        title: `Pages and filters among ${count.toLocaleString('en')} users`,
        users: count,
        measure: ({ database }) => measureScale(database.url, options.isQuick ? { requests: 50 } : {}),
      })),
    memory: () => [
      {
        title: 'Memory',
        users,
        measure: (place) => measureMemory(place, options.requests),
      },
    ],
    start: () => [
      {
        title: 'Start',
        users,
        measure: async ({ database }) => measureStarts(await startable(options), database),
      },
    ],
    embedded: () => [
      { title: 'The embedded database', users, measure: (place) => measureEmbedded(place, users, rounds) },
    ],
    overhead: () => [
      { title: 'Audit, limits and logs', users, measure: (place) => measureOverhead(place, rounds) },
    ],
  };
  return options.parts.flatMap((part) => byPart[part]());
}

const startable = ({ only }: Options): Promise<Peer[]> => choosePeers(only, null);

function roundsOf({ rounds, seconds, isQuick }: Options): RoundOptions {
  const warmUp = isQuick ? { seconds: 2, requests: 1000 } : { seconds: 5, requests: 1500 };
  return { rounds, seconds, warmUp, connections: 16 };
}

const options = readOptions(process.argv.slice(2));
if (options === null) process.stdout.write(help);
else await run(options);
