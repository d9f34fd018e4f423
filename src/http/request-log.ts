import type { Actor } from '../domain/policy.ts';
import type { Log } from '../log.ts';

/** One line a request. Only the path is logged: a query string may hold a secret or a name. */
export function logRequest(
  log: Log,
  {
    request,
    response,
    requestId,
    actor,
    started,
  }: { request: Request; response: Response; requestId: string; actor: Actor | undefined; started: number },
): void {
  if (!log.isLevelEnabled('info')) return;
  const { pathname } = new URL(request.url);
  if (pathname === '/livez' || pathname === '/readyz') return;
  log.info(
    {
      requestId,
      method: request.method,
      path: pathname,
      status: response.status,
      ms: Math.round(performance.now() - started),
      ...(actor && { credential: actor.credential.kind, actorId: actor.user?.id ?? actor.organizationId }),
    },
    'request',
  );
}
