import { maskSecrets } from '../auth/secrets.ts';
import type { Exchange } from './exchange.ts';

const health = new Set(['/livez', '/readyz']);

/** One line a request. Only the path is logged: a query string may hold a secret or a name. */
export function logRequest({ request, url, log, actor, started }: Exchange, response: Response): void {
  if (!log.isLevelEnabled('info')) return;
  const path = url?.pathname ?? null;
  if (path !== null && health.has(path)) return;
  log.info(
    {
      method: request.method,
      path: path && maskSecrets(path),
      status: response.status,
      ms: Math.round(performance.now() - started),
      ...(actor && { credential: actor.credential.kind, actorId: actor.user?.id ?? actor.organizationId }),
    },
    'request',
  );
}
