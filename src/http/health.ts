import type { Database } from '../db/database.ts';

/** `/livez`: the process runs. `/readyz`: it can answer, so load balancers may send requests. */
export function createHealth({ pool }: Pick<Database, 'pool'>) {
  let draining = false;

  const ready = async (): Promise<Response> => {
    if (draining) return answer(503, 'draining');
    try {
      await pool.query('SELECT 1');
      return answer(200, 'ok');
    } catch {
      return answer(503, 'database unavailable');
    }
  };

  return {
    handle(url: URL): Promise<Response> | undefined {
      if (url.pathname === '/livez') return Promise.resolve(answer(200, 'ok'));
      return url.pathname === '/readyz' ? ready() : undefined;
    },
    drain(): void {
      draining = true;
    },
  };
}

function answer(status: number, text: string): Response {
  return Response.json({ status: text }, { status, headers: { 'cache-control': 'no-store' } });
}
