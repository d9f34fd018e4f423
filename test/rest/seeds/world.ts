/** The demo, with an account and a credential of every kind that the vendors' pages speak of. */
import { randomUUID } from 'node:crypto';
import type { Scope } from '../../../src/domain/policy.ts';
import type { Prisma } from '../../../src/generated/prisma/client.ts';
import { collectRows } from '../../policy/rows.ts';
import { openTestApp } from '../../setup/app.ts';

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function openWorld(env: Record<string, string> = {}) {
  const app = await openTestApp({ env });
  const { prisma } = app.database;
  const rows = collectRows();
  const idOf = async (where: Prisma.UserWhereInput) =>
    (await prisma.user.findFirstOrThrow({ where, select: { id: true } })).id;
  const ids = {
    admin: await idOf({ username: 'admin' }),
    ada: await idOf({ username: 'ada' }),
    grace: await idOf({ username: 'grace' }),
    linus: await idOf({ username: 'linus@example.com' }),
    margaret: await idOf({ username: 'margaret' }),
    ci: await idOf({ username: 'ci' }),
    kit: await idOf({ firstName: 'Kit', kind: 'MANAGED' }),
    robin: await idOf({ firstName: 'Robin', kind: 'MANAGED' }),
    /** Nobody knows it, and it knows nobody. */
    stranger: rows.user({ username: 'stranger', firstName: 'Sam', lastName: 'Stranger' }),
    /** An account of the system itself. */
    system: rows.user({ kind: 'INTERNAL', username: 'system', name: 'System' }),
  };
  const acme = await prisma.organization.findFirstOrThrow({ where: { subDomain: 'acme' } });
  const session = (userId: string) => rows.session(userId).secret;
  const tokens = {
    admin: session(ids.admin),
    ada: session(ids.ada),
    grace: session(ids.grace),
    linus: session(ids.linus),
    stranger: session(ids.stranger),
    system: session(ids.system),
    ci: rows.apiToken({ userId: ids.ci }).secret,
    /** The organization's own: no user stands behind it. */
    acme: rows.apiToken({ organizationId: acme.id }).secret,
  };
  await rows.write(app.database);

  return {
    app,
    prisma,
    ids,
    tokens,
    acme,
    call: app.call,
    close: app.close,

    /** A new account with a session, for a test that changes it. */
    async person(columns: Omit<Prisma.UserCreateManyInput, 'id'> = {}, email?: string) {
      const added = collectRows();
      const username = `p-${randomUUID()}`;
      const id = added.user({ username, firstName: 'Pat', lastName: 'Person', ...columns });
      if (email !== undefined) added.email(id, email);
      const { secret: token, id: sessionId } = added.session(id);
      await added.write(app.database);
      return { id, token, sessionId, username };
    },

    /** A user that another one manages, with two activities and a trace. */
    async managed(managerId: string) {
      const added = collectRows();
      const id = added.user({ kind: 'MANAGED', managerId, firstName: 'Mo', lastName: 'Managed' });
      added.dataRecord(id, 'activities', { sport: 'cycling' });
      added.dataRecord(id, 'activities', { sport: 'running' });
      added.dataRecord(id, 'traces', { power: 220 });
      added.dataRecord(id, 'notes', { text: 'tired' });
      await added.write(app.database);
      return id;
    },

    async apiToken(
      owner: { userId: string } | { organizationId: string },
      scopes?: readonly Scope[],
      columns?: Partial<Prisma.ApiTokenCreateManyInput>,
    ) {
      const added = collectRows();
      const token = added.apiToken(owner, scopes, columns);
      await added.write(app.database);
      return token;
    },

    async share(grantorId: string, granteeId: string, scopes: Scope[]) {
      const added = collectRows();
      added.share(grantorId, granteeId, scopes);
      await added.write(app.database);
    },

    /** The row of an account, without what changes by itself. */
    row: (id: string) => prisma.user.findUniqueOrThrow({ where: { id } }),
    /** How many records an account has. */
    records: (userId: string) => prisma.dataRecord.count({ where: { userId } }),
    /** The document that describes a dialect, as it is served. */
    async document(dialect: string) {
      const { body } = await app.call('GET', `/openapi/${dialect}.json`);
      return body;
    },
  };
}
