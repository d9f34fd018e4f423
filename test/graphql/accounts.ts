/** Accounts made for one test, and clients that act as them. */
import { issueSecret } from '../../src/auth/secrets.ts';
import { decodeId, encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import { graphql } from '../generated/index.ts';
import type { Client, TestApp } from '../setup/app.ts';

const createPersonDocument = graphql(`
  mutation CreatePerson($input: CreateUserInput!) {
    createUser(input: $input) {
      __typename
      ... on CreateUserSuccess {
        user {
          id
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

const createManagedDocument = graphql(`
  mutation CreateManaged($input: CreateManagedUserInput!) {
    createManagedUser(input: $input) {
      __typename
      ... on CreateManagedUserSuccess {
        user {
          id
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

/** What an account of these tests has in each field of the profile. */
export const fullProfile = {
  name: 'Before Name',
  firstName: 'Before',
  lastName: 'Name',
  bio: 'Before.\nOf two lines.',
  company: 'Before Company',
  jobTitle: 'Before Job',
  avatarUrl: 'https://before.example.com/picture.png',
  metadata: { before: [1, 'two', { three: null }] },
  locale: 'de-DE',
  timeZone: 'Europe/Berlin',
};

let made = 0;

/** A person with a value in every field. @returns its global id and its login names */
export async function createPerson(app: TestApp, input: Record<string, unknown> = {}) {
  made += 1;
  const username = `person-${made}`;
  const email = `person-${made}@example.net`;
  const phoneNumber = `+4930${1_000_000 + made}`;
  const admin = await app.as('admin');
  const { createUser } = await admin.run(createPersonDocument, {
    input: { ...fullProfile, username, email, phoneNumber, ...input },
  });
  if (createUser.__typename !== 'CreateUserSuccess') throw new Error(createUser.message);
  return { id: createUser.user.id, uuid: decodeId(createUser.user.id).uuid, username, email, phoneNumber };
}

/** A user that the client's account manages, with a value in every field of the profile. */
export async function createManaged(manager: Client): Promise<{ id: string; uuid: string }> {
  const { createManagedUser } = await manager.run(createManagedDocument, { input: fullProfile });
  if (createManagedUser.__typename !== 'CreateManagedUserSuccess') throw new Error(createManagedUser.message);
  const { id } = createManagedUser.user;
  return { id, uuid: decodeId(id).uuid };
}

/** A client with a session of this account, without the time that a password costs. */
export async function clientOf(app: TestApp, userId: string): Promise<Client> {
  const { newId, now, randomBytes } = createSources();
  const { secret, hash } = issueSecret('session', randomBytes);
  const expiresAt = new Date(now().getTime() + 3_600_000);
  await app.database.prisma.session.create({
    data: { id: newId(), userId, tokenHash: hash, createdAt: now(), lastUsedAt: now(), expiresAt },
  });
  return app.withToken(secret);
}

/** The global id of an organization of the demo. */
export async function organizationId(app: TestApp, subDomain: string): Promise<string> {
  const { id } = await app.database.prisma.organization.findUniqueOrThrow({ where: { subDomain } });
  return encodeId('Organization', id);
}

/** How much was written of an account: its audit rows and its events. */
export async function trailOf(app: TestApp, uuid: string) {
  const { prisma } = app.database;
  const audit = await prisma.auditEvent.count({ where: { subjectId: uuid } });
  const events = await prisma.outboxEvent.count({ where: { subjectId: uuid } });
  return { audit, events };
}
