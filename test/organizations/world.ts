/** An organization with one of each, and those who have nothing to do with it. */
import { encodeId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/policy.ts';
import { collectRows } from '../policy/rows.ts';
import type { Client, TestApp } from '../setup/app.ts';

// biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
export type Any = any;

export interface Person {
  readonly uuid: string;
  /** The global id. */
  readonly id: string;
  /** A verified address. */
  readonly email: string;
  readonly client: Client;
}

/** Collects people with a session each; `write` puts them into the database. */
export function collectPeople(app: TestApp) {
  const rows = collectRows();
  const emails: { userId: string; address: string }[] = [];
  return {
    rows,
    person(name: string, columns: object = {}): Person {
      const uuid = rows.user({ name, ...columns });
      const email = `${name.toLowerCase()}-${uuid}@example.org`;
      emails.push({ userId: uuid, address: email });
      rows.email(uuid, email);
      return { uuid, id: encodeId('User', uuid), email, client: app.withToken(rows.session(uuid).secret) };
    },
    async write() {
      await rows.write(app.database);
      await app.database.prisma.email.updateMany({
        where: { address: { in: emails.map(({ address }) => address) } },
        data: { verifiedAt: new Date() },
      });
    },
  };
}

let made = 0;

/** An owner, an admin and a member of an organization, with a stranger and a superuser. */
export async function createWorld(app: TestApp, more: readonly Role[] = []) {
  const { rows, person, write } = collectPeople(app);
  const people = {
    owner: person('Owner'),
    admin: person('Admin'),
    member: person('Member'),
    stranger: person('Stranger'),
    root: person('Root', { isSuperuser: true }),
  };
  const others = more.map((role) => ({ role, ...person(`Other${role}`) }));
  made += 1;
  const uuid = rows.organization(`World-${made}-${people.owner.uuid.slice(-12)}`, [
    [people.owner.uuid, 'OWNER'],
    [people.admin.uuid, 'ADMIN'],
    [people.member.uuid, 'MEMBER'],
    ...others.map(({ uuid: userId, role }) => [userId, role] as const),
  ]);
  await write();
  return { ...people, others, organization: { uuid, id: encodeId('Organization', uuid) } };
}

const fields = { organization: 'id name subDomain version viewerRole viewerCanUpdate viewerCanDelete' };
const successes: Record<string, string> = {
  createOrganization: `organization { ${fields.organization} members { nodes { displayName } } }`,
  updateOrganization: `organization { ${fields.organization} }`,
  deleteOrganization: 'organizationId erasures { id status }',
  inviteMember: 'invitation { id email role createdAt expiresAt }',
  acceptInvitation: `organization { ${fields.organization} }`,
  setMemberRole: `organization { ${fields.organization} members { edges { role node { id } } } }`,
  removeMember: 'userId',
  leaveOrganization: 'organizationId',
  transferOwnership: `organization { ${fields.organization} members { edges { role node { id } } } }`,
  revokeInvitation: 'invitation { id }',
};

/** Runs a mutation: what it answered, or the code of the error for the request. */
export async function mutate(
  client: Client,
  field: string,
  variables: { id?: string; input?: object },
): Promise<Any> {
  const Name = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
  const names = Object.keys(variables);
  const declared = names.map((name) => (name === 'id' ? '$id: ID!' : `$input: ${Name}Input!`)).join(', ');
  const args = names.map((name) => `${name}: $${name}`).join(', ');
  const document = `mutation (${declared}) { found: ${field}(${args}) { __typename
    ... on ${Name}Success { ${successes[field]} } ... on Error { code path message
      ... on InvalidInputError { problems { path code message } } } } }`;
  const { data, errors } = await client.send<{ found: object }, object>(document, variables);
  return errors[0] ? { code: errors[0].extensions.code } : data.found;
}

/** The role that an account has now, by what the database says. */
export async function roleOf(app: TestApp, organizationId: string, userId: string): Promise<Role | null> {
  const where = { organizationId_userId: { organizationId, userId } };
  return (await app.database.prisma.membership.findUnique({ where }))?.role ?? null;
}

/** What the trail and the events tell of an organization, in order. */
export async function trailOf(app: TestApp, organizationId: string) {
  const audited = await app.database.prisma.auditEvent.findMany({
    where: { organizationId },
    orderBy: { sequence: 'asc' },
  });
  const told = await app.database.prisma.outboxEvent.findMany({
    where: { organizationId },
    orderBy: { sequence: 'asc' },
  });
  return { audited, told };
}

/** The code that was last sent to an address. */
export async function sentCode(app: TestApp, address: string): Promise<string> {
  for (let tries = 0; tries < 200; tries += 1) {
    const message = app.sent.findLast(({ to, text }) => to === address && text.includes('ug_inv_'));
    const code = /ug_inv_\S+/.exec(message?.text ?? '')?.[0];
    if (code) return code;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`nothing was sent to ${address}`);
}
