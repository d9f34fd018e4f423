/** What happens to an account, gathered for one who looks at its own pace: however slow, it is told of each kind once. */
import type { Context } from '../context.ts';
import { resync } from '../feed.ts';

export interface Changes {
  /**
   * The types of what happened to the subject since the last call; none when only something else did that may matter,
   * or when the time is up.
   */
  next(ms: number): Promise<readonly string[]>;
  close(): void;
}

/** Changes that follow each other within this time are told together, in milliseconds. */
const gathering = 50;

/** Listens from now on to what happens to the subject, and to `others`, which only make `next` answer. */
export async function listenForChanges(
  { feed }: Pick<Context, 'feed'>,
  { subjectId, others, ended }: { subjectId: string; others: readonly string[]; ended: AbortSignal },
): Promise<Changes> {
  const types = new Set<string>();
  let isWoken = false;
  let wake = () => {};
  const stop = await feed.listen([subjectId, ...others], (event) => {
    if (event.subjectId === subjectId || event.type === resync) types.add(event.type);
    isWoken = true;
    wake();
  });
  /** Resolves after a time, or as soon as it is woken or ended. */
  const wait = (ms: number, isWakeable: boolean) =>
    new Promise<void>((resolve) => {
      if (ended.aborted || (isWakeable && isWoken)) return resolve();
      const done = () => {
        clearTimeout(timer);
        ended.removeEventListener('abort', done);
        wake = () => {};
        resolve();
      };
      const timer = setTimeout(done, ms).unref();
      ended.addEventListener('abort', done);
      if (isWakeable) wake = done;
    });
  return {
    async next(ms) {
      await wait(ms, true);
      if (isWoken) await wait(gathering, false);
      isWoken = false;
      const found = [...types];
      types.clear();
      return found;
    },
    close: stop,
  };
}
