import { maskSecrets } from '../auth/secrets.ts';
import type { Exchange } from './exchange.ts';

const health = new Set(['/livez', '/readyz']);

/** A request is done when its answer is there; one that a stream answers, when that ends. */
export function logWhenDone(exchange: Exchange, response: Pick<Response, 'status'>): void {
  const { streamEnded } = exchange;
  if (streamEnded === undefined || streamEnded.aborted) logRequest(exchange, response);
  else streamEnded.addEventListener('abort', () => logRequest(exchange, response), { once: true });
}

/** One line a request. Only the path is logged: a query string may hold a secret or a name. */
function logRequest(
  { request, url, shownPath, log, actor, started }: Exchange,
  response: Pick<Response, 'status'>,
): void {
  if (!log.isLevelEnabled('info')) return;
  const path = url?.pathname ?? null;
  if (path !== null && health.has(path)) return;
  log.info(
    {
      method: request.method,
      path: shownPath ?? (path && maskSecrets(path)),
      status: response.status,
      ms: Math.round(performance.now() - started),
      ...(actor && { credential: actor.credential.kind, actorId: actor.user?.id ?? actor.organizationId }),
    },
    'request',
  );
}
