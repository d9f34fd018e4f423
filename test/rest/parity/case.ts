/** A REST call and the operation of the graph that does the same. */
import type { RestAnswer, RestCall, TestApp } from '../../setup/app.ts';
import { type Mapping, type Source, selectionOf } from './mapping.ts';
import type { Word } from './words.ts';
import type { ParityWorld } from './world.ts';

export type DialectName = 'zenml' | 'sweatstack' | 'katapult' | 'bird';

/** What an answer of the graph comes to. */
export interface Reading {
  readonly word: Word;
  /** What the REST answer must say then; null where it says nothing. */
  readonly facts: unknown;
}

export interface Reader {
  readonly data: Source;
  readonly world: ParityWorld;
  readonly asker: string;
  readonly app: TestApp;
}

export interface Case {
  readonly dialect: DialectName;
  /** With its parameters in braces. */
  readonly route: string;
  /** Whom or what it is about; tells the cases of a route apart. */
  readonly subject: string;
  readonly call: (world: ParityWorld, asker: string) => RestCall & { readonly path: string };
  readonly document: string;
  readonly variables?: (world: ParityWorld) => object;
  /** Reads an answer that is no error. */
  readonly read: (reader: Reader) => Reading | Promise<Reading>;
  /** Whether the call writes what the graph has no part in, which is not compared. */
  readonly writesBesides?: boolean;
  /** What of the REST answer is compared with the facts. */
  readonly tell: (answer: RestAnswer, reader: Omit<Reader, 'data'>) => unknown;
}

export const routeOf = ({ dialect, route }: Case) => `${dialect} ${route}`;
export const nameOf = (one: Case) => `${routeOf(one)}: ${one.subject}`;
export const isWrite = ({ document }: Case) => document.startsWith('mutation');

export const ok = (facts: unknown): Reading => ({ word: 'ok', facts });
export const refused = (word: Word): Reading => ({ word, facts: null });
export const nothing = () => null;

/** Who calls, beside what is asked of it. */
export const viewer = 'viewer { credential { kind id expiresAt } }';

/** What it comes to that no account stands behind the credential. */
export const nobody = ({ data }: Pick<Reader, 'data'>): Reading =>
  refused(data.viewer.credential.kind === 'ANONYMOUS' ? 'ANONYMOUS' : 'NOBODY');

export const isToken = ({ world, asker }: Pick<Reader, 'world' | 'asker'>) =>
  world.secrets.get(asker)?.startsWith('ug_tok_') ?? false;

/** A mutation that is given `$id` and `$input` as far as `args` names them. `payload` is what its success is asked for. */
export function mutation(
  field: string,
  args: readonly ('id' | 'input')[],
  payload = '',
  problems = '',
): string {
  const name = field.charAt(0).toUpperCase() + field.slice(1);
  const types = { id: '$id: ID!', input: `$input: ${name}Input!` };
  const declared = args.length > 0 ? `(${args.map((arg) => types[arg]).join(', ')})` : '';
  const given = args.length > 0 ? `(${args.map((arg) => `${arg}: $${arg}`).join(', ')})` : '';
  const success = payload && `... on ${name}Success { ${payload} }`;
  const result = `__typename ... on Error { code } ${problems} ${success}`;
  return `mutation ${declared} { found: ${field}${given} { ${result} } }`;
}

/** As `mutation`, of those that answer with an account. */
export const userMutation = (field: string, args: readonly ('id' | 'input')[], mapping: Mapping) =>
  mutation(
    field,
    args,
    `user { viewerCanReadPrivate ${selectionOf(mapping)} }`,
    '... on InvalidInputError { problems { code } }',
  );

/** Reads the result of a mutation. */
export function readResult({ data: { found } }: Reader, facts: (found: Source) => unknown): Reading {
  if (found.code === undefined) return ok(facts(found));
  const isRule = found.problems?.every(({ code }: Source) => ['IMMUTABLE', 'NOT_ALLOWED'].includes(code));
  return refused(isRule ? 'BROKEN_RULE' : found.code);
}

/** What `viewer` tells those who come with a token. */
export async function viewerBehind(app: TestApp, token: string, mapping: Mapping): Promise<Source> {
  const { data } = await app
    .withToken(token)
    .send<Source, object>(`{ viewer { ${selectionOf(mapping)} credential { expiresAt } } }`);
  return data.viewer;
}
