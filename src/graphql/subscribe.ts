/** Runs a subscription: each event is answered as a query of its own, with a context of its own. */

import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
} from 'graphql';
import type { Told } from '../domain/following.ts';
import { DomainError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Stream } from './streams.ts';

type Answers = AsyncIterableIterator<ExecutionResult, void>;
type Source = AsyncIterableIterator<Told<object>, void>;

interface Options {
  readonly stream: Stream;
  /** What a client is told of an error. */
  readonly tell: (error: unknown) => GraphQLError;
}

/** The answers, each made when it is asked for; or why there are none. The stream ends with them. */
export async function subscribe(
  args: ExecutionArgs,
  { stream, tell }: Options,
): Promise<Answers | ExecutionResult> {
  let source: Source | undefined;
  try {
    const opened = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in opened)) return opened;
    source = opened as Source;
    return answersOf(source, args, { stream, tell });
  } finally {
    if (source === undefined) stream.end();
  }
}

function answersOf(source: Source, args: ExecutionArgs, { stream, tell }: Options): Answers {
  // What waits for an event is ended by whoever ends the stream: the client, or the process.
  const stop = () => void source.return?.();
  if (stream.ended.aborted) stop();
  else stream.ended.addEventListener('abort', stop);
  const end = (): IteratorReturnResult<void> => {
    stream.end();
    return { done: true, value: undefined };
  };

  async function answer({ context, value }: Told<object>): Promise<ExecutionResult> {
    const result = await execute({ ...args, contextValue: context, rootValue: value });
    return result.errors ? { ...result, errors: result.errors.map(tell) } : result;
  }

  return {
    async next() {
      try {
        const event = stream.ended.aborted ? end() : await source.next();
        if (event.done || stream.ended.aborted) return end();
        return { done: false, value: await answer(event.value) };
      } catch (error) {
        if (stream.ended.aborted) return end();
        stream.end();
        return { done: false, value: { errors: [tell(error)] } };
      }
    },
    return: async () => end(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * Answers that come one by one need a client that reads them so; any other would wait for the end of them.
 * @throws NOT_ACCEPTABLE
 */
export function requireEventStream({ headers }: HttpRequest): void {
  const accepted = (headers.get('accept') ?? '').toLowerCase().split(',');
  const isAccepted = accepted.some((range) => /^\s*text\/event-stream\s*(;|$)/.test(range));
  if (!isAccepted) throw new DomainError('NOT_ACCEPTABLE');
}

/** Says to everything on the way that a stream is to be passed on as it comes, and not to be kept. */
export function setStreamHeaders(headers: Headers): void {
  headers.set('cache-control', 'no-store');
  headers.set('x-accel-buffering', 'no');
  headers.delete('connection');
  headers.delete('content-encoding');
}
