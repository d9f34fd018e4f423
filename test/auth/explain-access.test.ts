/** Why: the same policy that decides also says what it decided by. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { type ActorName, createWorld, type World } from '../policy/actors.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let world: World;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
  world = await createWorld(app.database);
});
afterAll(() => app.close());

const document = `query ($id: ID!, $action: AccountAction!) { explainAccess(userId: $id, action: $action) {
  allowed relation message code missingScope } }`;

async function ask(actor: ActorName, subject: keyof World['ids'], action: string) {
  const answer = await app.withToken(world.secrets[actor]).send(document, { id: world.ids[subject], action });
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
  return { ...answer, explained: (answer.data as any)?.explainAccess };
}

const no = (code: string, relation: string, missingScope: string | null = null) => ({
  allowed: false,
  relation,
  code,
  missingScope,
});
const yes = (relation: string) => ({ allowed: true, relation, code: null, missingScope: null });

describe('explainAccess', () => {
  it.each([
    ['self', 'person', 'UPDATE', yes('SELF')],
    ['self', 'person', 'SHARE', yes('SELF')],
    ['self', 'person', 'ACT_FOR', no('FORBIDDEN', 'SELF')],
    ['self', 'person', 'ADMINISTER', no('FORBIDDEN', 'SELF')],
    ['mngr', 'managed', 'ACT_FOR', yes('MANAGER')],
    ['mngr', 'managed', 'UPDATE', yes('MANAGER')],
    ['mngr', 'managed', 'SHARE', no('FORBIDDEN', 'MANAGER')],
    ['mngr', 'managed', 'READ_SESSIONS', no('FORBIDDEN', 'MANAGER')],
    ['share', 'person', 'READ_PRIVATE', yes('GRANTEE')],
    ['share', 'person', 'ACT_FOR', yes('GRANTEE')],
    ['data', 'person', 'READ_PRIVATE', no('FORBIDDEN', 'GRANTEE')],
    ['mate', 'person', 'READ_PRIVATE', no('FORBIDDEN', 'OTHER')],
    ['owner', 'service', 'ISSUE_TOKEN', yes('OPERATOR')],
    ['svc', 'service', 'UPDATE', no('FORBIDDEN', 'SELF')],
    ['super', 'person', 'DELETE', yes('SUPERUSER')],
    ['super', 'reserved', 'DELETE', no('PROTECTED_ACCOUNT', 'SUPERUSER')],
    ['super', 'managed', 'ACT_FOR', no('FORBIDDEN', 'SUPERUSER')],
    ['weak', 'superuser', 'ADMINISTER', no('INSUFFICIENT_SCOPE', 'SELF', 'ADMIN')],
  ] as const)('%s on %s, %s', async (actor, subject, action, expected) => {
    const { explained } = await ask(actor, subject, action);
    expect(explained).toMatchObject(expected);
    expect(explained.message).toMatch(/^[A-Z].*\.$/);
  });

  it.each([
    ['strng', 'person'],
    ['mngr', 'person'],
    ['self', 'managed'],
    ['weak', 'person'],
    ['super', 'internal'],
  ] as const)('says nothing to %s of %s, who it cannot see', async (actor, subject) => {
    expect((await ask(actor, subject, 'READ_PRIVATE')).explained).toBeNull();
  });

  it('is for callers', async () => {
    expect((await ask('anon', 'person', 'UPDATE')).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  it('explains every action that the policy knows', async () => {
    const values = (schema.getType('AccountAction') as { getValues(): { name: string }[] } | undefined)
      ?.getValues()
      .map(({ name }) => name);
    expect(values).toHaveLength(16);
    for (const action of values ?? []) expect((await ask('self', 'person', action)).status).toBe(200);
  });
});
