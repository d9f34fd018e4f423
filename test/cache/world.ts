/** A person with everything that is kept of it, of whom no other test knows. */
import { randomBytes } from 'node:crypto';
import { hashPassword } from '../../src/auth/passwords.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { collectRows } from '../policy/rows.ts';
import { type Client, signIn, type TestApp } from '../setup/app.ts';

export type Person = Awaited<ReturnType<typeof openPerson>>;

const password = 'correct horse battery staple';
let hash: Promise<string> | undefined;
let people = 0;

export async function openPerson(app: TestApp) {
  people += 1;
  hash ??= hashPassword(password, randomBytes);
  const label = `p${people}`;
  const rows = collectRows();
  const uuid = rows.user({ username: label, firstName: 'Old', lastName: label, bio: 'old' });
  const friend = rows.user({ name: `Friend of ${label}` });
  rows.password(uuid, await hash);
  const email = rows.email(uuid, `${label}@example.com`);
  const phone = rows.phoneNumber(uuid, `+4930${String(1_000_000 + people)}`);
  const identity = rows.identity({ userId: uuid, provider: 'github', subject: label, isPrimary: false });
  const organization = rows.organization(`Org ${label}`.replace(' ', '-'), [
    [uuid, 'ADMIN'],
    [friend, 'OWNER'],
  ]);
  const [session, other] = [rows.session(uuid), rows.session(uuid)];
  const [token, narrow] = [rows.apiToken({ userId: uuid }), rows.apiToken({ userId: uuid }, ['profile'])];
  const friendSession = rows.session(friend);
  await rows.write(app.database);
  return {
    label,
    uuid,
    id: encodeId('User', uuid),
    password,
    email: { uuid: email, id: encodeId('Email', email) },
    phone: { uuid: phone, id: encodeId('PhoneNumber', phone) },
    identity: { uuid: identity, id: encodeId('OAuthIdentity', identity) },
    organization: { uuid: organization, id: encodeId('Organization', organization) },
    /** What it asks with. */
    session,
    sessionId: encodeId('Session', session.id),
    token,
    tokenId: encodeId('ApiToken', token.id),
    narrow,
    client: app.withToken(session.secret),
    /** The same person elsewhere. */
    elsewhere: app.withToken(other.secret),
    friend: { uuid: friend, id: encodeId('User', friend), client: app.withToken(friendSession.secret) },
    signIn: () => signIn(app.anonymous, label, password),
  };
}

/** Runs a mutation that must succeed, written with its arguments. */
export async function change(client: Client, mutation: string): Promise<void> {
  const data = (await client.run(`mutation { it: ${mutation} { __typename } }`)) as {
    it: { __typename: string };
  };
  if (!data.it.__typename.endsWith('Success')) throw new Error(`${mutation}: ${JSON.stringify(data)}`);
}
