/** Makes a REST call and asks the graph the same, and lists in what they differ. */
import { isDeepStrictEqual } from 'node:util';
import { dialects } from '../../../src/rest/dialects.ts';
import { requestError } from '../../policy/ask.ts';
import type { TestApp } from '../../setup/app.ts';
import { type Case, isWrite, nameOf, type Reading, refused, routeOf } from './case.ts';
import type { Effects } from './effects.ts';
import type { Source } from './mapping.ts';
import { exceptions, ownTranslations, told, translations, type Word } from './words.ts';
import { type ParityWorld, refusedAskers } from './world.ts';

export interface Ground {
  readonly app: TestApp;
  readonly world: ParityWorld;
  readonly effects: Effects;
  /** The word for every comparison so far. */
  readonly heard: { readonly route: string; readonly word: Word }[];
}

interface Outcome {
  /** What came of it; for REST in the words of the dialect. */
  readonly word: string;
  readonly facts: unknown;
  readonly effect: readonly string[];
}

/** @returns a line for each difference that is none of the exceptions */
export async function differences(ground: Ground, one: Case, asker: string): Promise<string[]> {
  const rest = await callRest(ground, one, asker);
  const graph = await askGraph(ground, one, asker);
  const exception = exceptions.find(
    ({ route, subjects, askers }) =>
      route === routeOf(one) && subjects.includes(one.subject) && askers.includes(asker),
  );
  ground.heard.push({ route: routeOf(one), word: graph.word as Word });
  const difference = (what: string, ours: unknown, theirs: unknown) =>
    `${asker}, ${nameOf(one)}: ${what}\n  REST  ${JSON.stringify(ours)}\n  graph ${JSON.stringify(theirs)}`;
  const expected = exception?.rest ?? expectedWord(one, graph.word as Word);
  const lines = [
    ...(rest.word === expected ? [] : [difference('permission', rest.word, `${graph.word}, ${expected}`)]),
    ...(exception && exception.graph !== graph.word
      ? [difference('no exception', rest.word, graph.word)]
      : []),
    ...(!rest.word.startsWith('2') && rest.effect.length > 0 ? [difference('refused', rest.effect, [])] : []),
    ...(graph.word !== 'ok' && graph.effect.length > 0 ? [difference('refused', [], graph.effect)] : []),
  ];
  if (lines.length > 0 || exception) return lines;
  return [
    ...(isDeepStrictEqual(rest.facts, graph.facts) ? [] : [difference('facts', rest.facts, graph.facts)]),
    ...(isDeepStrictEqual(rest.effect, graph.effect)
      ? []
      : [difference('effect', rest.effect, graph.effect)]),
  ];
}

function expectedWord(one: Case, word: Word): string | undefined {
  if (word === 'ok') return String(declared(one).success.status);
  return ownTranslations[routeOf(one)]?.[word] ?? translations[one.dialect][word];
}

function declared(one: Case) {
  const routes = dialects.find(({ name }) => name === one.dialect)?.routes ?? [];
  const found = routes.find(({ method, path }) => `${method} ${path}` === one.route);
  if (found === undefined) throw new Error(`${routeOf(one)} is no route`);
  return found;
}

/** What is made anew each time says only that it is new. */
const settled = ({ effects }: Ground, facts: unknown): unknown =>
  JSON.parse(effects.settle(JSON.stringify(facts ?? null)));

async function callRest(ground: Ground, one: Case, asker: string): Promise<Outcome> {
  const { app, world } = ground;
  const { path, ...init } = one.call(world, asker);
  const token = world.secrets.get(asker) ?? null;
  const answer = await app.call(one.route.split(' ')[0] ?? '', path, { token, ...init });
  const facts = answer.status < 300 ? await one.tell(answer, { app, world, asker }) : null;
  const written = isWrite(one) || one.writesBesides ? await ground.effects.take() : [];
  const effect = one.writesBesides ? [] : written;
  return { word: told(one.dialect, answer), facts: settled(ground, facts), effect };
}

async function askGraph(ground: Ground, one: Case, asker: string): Promise<Outcome> {
  const { app, world } = ground;
  const isIgnored = declared(one).isOpen && refusedAskers.includes(asker); // what an open route does not look at
  const client = app.withToken(isIgnored ? null : (world.secrets.get(asker) ?? null));
  const { data, errors } = await client.send<Source, object>(one.document, one.variables?.(world) ?? {});
  const [error] = errors;
  const { word, facts }: Reading =
    error === undefined
      ? await one.read({ data, world, asker, app })
      : refused(wordOf(requestError(error) as Word, asker));
  const effect = isWrite(one) ? await ground.effects.take() : [];
  return { word, facts: settled(ground, facts), effect };
}

/** A word for what one code says of different callers. */
function wordOf(code: Word, asker: string): Word {
  if (code === 'UNAUTHENTICATED' && asker === 'anon') return 'ANONYMOUS';
  return code === 'FORBIDDEN' && asker === 'org' ? 'NOBODY' : code;
}
