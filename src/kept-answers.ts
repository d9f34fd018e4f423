/**
 * Answers that are kept. What an answer is made of is noted while it is made: if that was nothing but who asks and facts that
 * are kept themselves (`ReadCache`), the same question by the same actor has the same answer until one of those changes.
 * Whatever else the making touches (the database, the clock, ids, the rate limit) makes it an answer for once.
 */
import type { Context } from './context.ts';
import type { Actor } from './domain/policy.ts';
import type { Grounds, ReadCache } from './read-cache.ts';

/** What of a context is the same for each request of an actor. */
const constant: ReadonlySet<PropertyKey> = new Set<keyof Context>([
  'actor',
  'settings',
  'issuer',
  'transaction',
]);

/** Longer ones, in characters, are seldom asked again, and would take the place of others' answers. */
const longestQuestion = 4096;

/**
 * The answer to a question: kept, or made now.
 * @param question what is asked, in full
 * @param make makes it within a context; what it makes nobody may change
 * @param isGood whether it may be kept
 * @returns the answer, and whether the making touched more than what can be kept: then it need not be tried again
 */
export async function keptAnswer<Answer extends object>(
  context: Context,
  question: string,
  make: (context: Context) => Promise<Answer>,
  isGood: (answer: Answer) => boolean = () => true,
): Promise<{ answer: Answer; isForOnce: boolean }> {
  if (context.transaction || question.length > longestQuestion)
    return { answer: await make(context), isForOnce: false };
  let notes: Notes | undefined;
  let wasGood = true;
  const { value: answer } = await context.cache.find(
    `answer ${actorKey(context.actor)} ${question}`,
    () => {
      notes = takeNotes(context);
      return make(notes.context);
    },
    (made) => {
      wasGood = isGood(made as Answer);
      return wasGood ? (notes?.grounds() ?? null) : null;
    },
  );
  // What a failure touches says nothing of the question: who asks it badly must not end its being kept for all others.
  return { answer, isForOnce: wasGood && (notes?.isForOnce ?? false) };
}

const keys = new WeakMap<Actor, string>();

/** All that an actor is. Sets and maps have no JSON of their own. */
function actorKey(actor: Actor): string {
  const known = keys.get(actor);
  if (known !== undefined) return known;
  const { user, scopes, ...rest } = actor;
  const key = JSON.stringify([user && { ...user, shares: [...user.shares] }, [...scopes], rest]);
  keys.set(actor, key);
  return key;
}

interface Notes {
  readonly context: Context;
  /** What the answer rests on; null where that is more than what is kept. */
  grounds(): Grounds | null;
  /** Whether it touched more than what can be kept. */
  readonly isForOnce: boolean;
}

function takeNotes(context: Context): Notes {
  const ids = new Set<string | null | undefined>();
  let until: Date | undefined;
  let isForOnce = false;
  let isUnkept = false;
  const endAt = (end: Date | undefined) => {
    if (end !== undefined && (until === undefined || end < until)) until = end;
  };
  const cache: ReadCache = {
    size: 0,
    async find(key, load, groundsOf) {
      const found = await context.cache.find(key, () => load(context), groundsOf);
      if (found.grounds === null) isUnkept = true;
      else for (const id of found.grounds.ids) ids.add(id);
      endAt(found.grounds?.until);
      return found;
    },
  };
  const noted = new Proxy(context, {
    get(target, name) {
      if (name === 'cache') return cache;
      if (!constant.has(name) && typeof name === 'string') isForOnce = true;
      return Reflect.get(target, name);
    },
    set(target, name, value) {
      isForOnce = true;
      return Reflect.set(target, name, value);
    },
    ownKeys(target) {
      isForOnce = true;
      return Reflect.ownKeys(target);
    },
  });
  return {
    context: noted,
    grounds: () => (isForOnce || isUnkept ? null : { ids, until }),
    get isForOnce() {
      return isForOnce;
    },
  };
}
