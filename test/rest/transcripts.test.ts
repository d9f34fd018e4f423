/** The contract of the REST dialects: what is sent and what is answered, byte for byte, for every status of every operation. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imitations } from '../../src/rest/dialects.ts';
import { documents } from '../setup/contract.ts';
import { bird } from './golden/bird.ts';
import { katapult } from './golden/katapult.ts';
import { noOperation } from './golden/scenario.ts';
import { openStage, type Stage } from './golden/stage.ts';
import { sweatstack } from './golden/sweatstack.ts';
import { transcriptOf } from './golden/transcript.ts';
import { zenml } from './golden/zenml.ts';

const folder = fileURLToPath(new URL('./transcripts/', import.meta.url));
const scenarios = [...zenml, ...sweatstack, ...katapult, ...bird];

/** Answers of the framework, which documents do not tell of. */
const isUndeclared = (status: number) => status === 304 || status === 307;

/** Of the dialects that imitate a vendor: this server's own surface is compared with nobody's. */
const imitated = [...documents].filter(([name]) => imitations.some((dialect) => dialect.name === name));

const declared = imitated.flatMap(([dialect, { paths }]) =>
  Object.values(paths)
    .flatMap((operations) => Object.values(operations))
    .flatMap(({ operationId, responses }) =>
      Object.keys(responses).map((status) => `${dialect} ${operationId} ${status}`),
    ),
);

test('every status that a document declares has a transcript', () => {
  const shown = new Set(
    scenarios.map(({ dialect, operationId, status }) => `${dialect} ${operationId} ${status}`),
  );
  expect(declared.filter((pair) => !shown.has(pair))).toEqual([]);
});

test('every transcript of an operation is of a status that its document declares', () => {
  const operations = scenarios.filter(
    ({ operationId, status }) => operationId !== noOperation && !isUndeclared(status),
  );
  const pairs = operations.map(({ dialect, operationId, status }) => `${dialect} ${operationId} ${status}`);
  expect(pairs.filter((pair) => !declared.includes(pair))).toEqual([]);
});

test('every transcript belongs to a scenario', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.'),
  );
  expect(files.filter((name) => !scenarios.some(({ file }) => file === name))).toEqual([]);
});

describe('the transcript of', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test.each(scenarios.map((scenario) => [scenario.file, scenario] as const))('%s', async (_, scenario) => {
    const { asked, response } = await stage.play(scenario);
    expect(response.status, await response.clone().text()).toBe(scenario.status);
    const transcript = await transcriptOf(scenario.what, asked, response);
    await expect(transcript).toMatchFileSnapshot(folder + scenario.file);
  });
});
