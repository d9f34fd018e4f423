/** Sends generated requests, and checks what must hold of every answer. */

import { tablesOf } from '../../policy/database-text.ts';
import type { RestAnswer, TestApp } from '../../setup/app.ts';
import type { GeneratedRequest } from './requests.ts';
import type { World } from './world.ts';

/** One that reads may be handed a refresh token, which is written. */
const isSafe = ({ method, path }: GeneratedRequest) =>
  ['GET', 'HEAD', 'OPTIONS'].includes(method) && !path.includes('principal');

/** How often the database is read whole. */
const checkEvery = 50;

export interface Asker {
  /** @throws when something that must hold does not */
  ask(request: GeneratedRequest): Promise<RestAnswer>;
  /** @throws when a request that changed nothing by its answer has changed something */
  checkUntouched(): Promise<void>;
}

/** Asks in a world that is made anew after each change, so that each request meets the same. */
export async function createAsker(app: TestApp, world: World): Promise<Asker> {
  await world.write(app.database);
  await app.fetch('/.well-known/jwks.json'); // makes the key that tokens are signed with
  const fingerprint = await createFingerprint(app);
  const untouched = await fingerprint();
  let recent: GeneratedRequest[] = [];

  async function checkUntouched() {
    const asked = recent;
    recent = [];
    if ((await fingerprint()) === untouched) return;
    await world.write(app.database);
    throw new Error(
      `one of these changed the database:\n${asked.map((one) => JSON.stringify(one)).join('\n')}`,
    );
  }

  return {
    checkUntouched,
    async ask(request) {
      const answer = await send(app, world, request);
      if (answer.status < 300 && !isSafe(request)) {
        await world.write(app.database);
      } else {
        recent.push(request);
        if (recent.length >= checkEvery) await checkUntouched();
      }
      checkAnswer(world, request, answer);
      await checkNotFindable(app, world, request, answer);
      return answer;
    },
  };
}

/** Every answer: no failure of the server, and nothing that its reader must not see. */
function checkAnswer(world: World, { actor, ...request }: GeneratedRequest, answer: RestAnswer): void {
  if (answer.status >= 500) throw new Error(`answered ${answer.status} ${answer.text}`);
  if (!answer.headers.has('x-request-id')) throw new Error('answered without X-Request-Id');
  const headers = [...answer.headers].filter(([name]) => name !== 'location').flat();
  const told = [answer.text, ...headers].join('\n');
  const reader = isCredible(request) ? actor : 'nobody';
  const leaked = (world.hidden.get(reader) ?? []).filter((text) => told.includes(text));
  if (leaked.length > 0) throw new Error(`told ${leaked.join(', ')}: ${answer.text}`);
}

/** Who may not read a fact cannot find anything by it either: a question for nothing has the same answer. */
async function checkNotFindable(app: TestApp, world: World, request: GeneratedRequest, answer: RestAnswer) {
  const hidden = world.hidden.get(request.actor) ?? [];
  const asked = hidden.map(encodeURIComponent).find((text) => request.query.includes(text));
  if (asked === undefined || request.method !== 'GET' || !isSafe(request)) return;
  const other = await send(app, world, { ...request, query: request.query.replaceAll(asked, 'mk-nothing') });
  if (contentOf(other) !== contentOf(answer)) throw new Error(`${asked} was found: ${answer.text}`);
}

/** An answer, but for the id of its request. */
const contentOf = ({ status, headers, text }: RestAnswer) =>
  `${status} ${text.replaceAll(headers.get('x-request-id') ?? '', '')}`;

/** Whether the secret comes in a form in which it could count. */
const isCredible = ({ carrier }: Pick<GeneratedRequest, 'carrier'>) =>
  carrier !== 'basic' && carrier !== 'twice';

async function send(app: TestApp, world: World, request: GeneratedRequest): Promise<RestAnswer> {
  const named = (text: string) =>
    text.replace(/<(\w+)>/g, (_, word: keyof World['ids']) => world.ids[word] ?? `<${word}>`);
  const query = request.query === '' ? '' : `?${named(request.query)}`;
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  return app.call(request.method, named(request.path) + query, {
    headers: { ...withoutType(request), ...credentialOf(world, request) },
    ...(hasBody && bodyOf(request, named)),
  });
}

/** A form says itself what it is, and where its parts end. */
function withoutType({ headers, body }: GeneratedRequest): Record<string, string> {
  const { 'content-type': type, ...others } = headers;
  const isForm = body.kind === 'form' || body.kind === 'multipart';
  return isForm || type === undefined ? others : { ...others, 'content-type': type };
}

function credentialOf(world: World, { actor, carrier }: GeneratedRequest): Record<string, string> {
  const secret = world.secrets[actor];
  if (secret === null) return {};
  const forms = {
    bearer: { authorization: `Bearer ${secret}` },
    lowercase: { authorization: `bearer  ${secret} ` },
    bare: { authorization: secret },
    basic: { authorization: `Basic ${secret}` },
    twice: { authorization: `Bearer ${secret}, Bearer ${secret}` },
    cookie: { cookie: `a=b; token=${secret}; token=c` },
  };
  return forms[carrier];
}

function bodyOf({ body }: GeneratedRequest, named: (text: string) => string): { body?: BodyInit } {
  if (body.kind === 'none') return {};
  if (body.kind === 'text') return { body: new TextEncoder().encode(named(body.text)) };
  if (body.kind === 'bytes') return { body: Uint8Array.from(body.bytes) };
  const form = body.kind === 'form' ? new URLSearchParams() : new FormData();
  for (const [key, text] of body.fields) form.append(key, named(text));
  return { body: form };
}

/** The state of the database, but for when things happened: equal for equal worlds. */
async function createFingerprint({ database }: TestApp): Promise<() => Promise<string>> {
  const tables = await tablesOf(database);
  const rows = tables.map(
    (table) =>
      `SELECT '${table}' || (to_jsonb(t) - '{last_used_at,authenticated_at,created_at,updated_at,chain_id}'::text[])::text AS text FROM "${table}" t`,
  );
  const statement = `SELECT md5(string_agg(text, E'\\n' ORDER BY text)) AS digest FROM (${rows.join(' UNION ALL ')}) everything`;
  return async () => {
    const [row] = await database.prisma.$queryRawUnsafe<{ digest: string }[]>(statement);
    return row?.digest ?? '';
  };
}
