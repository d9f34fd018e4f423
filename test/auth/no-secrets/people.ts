/** Accounts made for the run, and the codes that are sent to them. */
import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import type { Run } from './run.ts';

/** A password with everything in it that some notation has to escape. */
export function newPasswordOf(run: Run, name: string): string {
  return run.keep(`the password ${name}`, `pä&s "w<or>d/+\\${randomBytes(9).toString('base64url')}`);
}

const code = /\b(?:[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}|\d{6})\b/;

/** The code in the newest message to an address or a number, once there are so many. */
export async function codeSentTo(run: Run, to: string, count = 1): Promise<string> {
  const codes = () =>
    run.app.sent.filter((message) => message.to === to).flatMap(({ text }) => code.exec(text)?.[0] ?? []);
  await vi.waitFor(() => {
    if (codes().length < count) throw new Error(`no code was sent to ${to}`);
  });
  for (const sent of codes()) run.keep(`a code sent to ${to}`, sent, { messagedTo: to });
  return codes().at(-1) ?? '';
}

/** The invitation to an organization that was sent to an address. */
export async function invitationSentTo(run: Run, to: string): Promise<string> {
  const sent = () =>
    run.app.sent
      .filter((message) => message.to === to)
      .flatMap(({ text }) => /ug_inv_\S+/.exec(text)?.[0] ?? []);
  await vi.waitFor(() => {
    if (sent().length === 0) throw new Error(`no invitation was sent to ${to}`);
  });
  return run.keep(`an invitation sent to ${to}`, sent().at(-1) ?? '', { messagedTo: to });
}

/** What undoes a deletion, as it was sent to an address. */
export async function undoCodeSentTo(run: Run, to: string): Promise<string> {
  const sent = () =>
    run.app.sent.flatMap((one) => (one.to === to ? (/ug_und_\S+/.exec(one.text) ?? []) : []));
  await vi.waitFor(() => {
    if (sent().length === 0) throw new Error(`no code was sent to ${to}`);
  });
  return run.keep(`ug_und_ sent to ${to}`, sent().at(-1) ?? '', { messagedTo: to });
}

/** Another code of the same form, which stays as secret: it is somebody else's, or one with a typing error. */
export function wrongCode(run: Run, sent: string): string {
  return run.keep(
    `a wrong code like one`,
    sent.replace(/^./, (first) => (first === '7' ? '8' : '7')),
  );
}

const createUser = `mutation ($input: CreateUserInput!) {
  createUser(input: $input) { __typename ... on CreateUserSuccess { user { id } } ... on Error { code message } } }`;
const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { __typename
  ... on SignInSuccess { token refreshToken accessToken { token } } ... on Error { code message } } }`;

export interface Person {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password: string;
}

export interface SignedIn {
  readonly token: string;
  readonly refreshToken: string;
  readonly accessToken: { readonly token: string };
}

export const signInAs = async (run: Run, login: string, password: string, newPassword?: string) =>
  (await run.graph(run.app.anonymous, signIn, { input: { login, password, newPassword } }))
    .signIn as SignedIn;

let made = 0;

/** A person whom the administrator made, who has changed the given password, and proved an address. */
export async function addPerson(run: Run): Promise<Person> {
  made += 1;
  const username = `person-${made}`;
  const email = `${username}@example.com`;
  const given = newPasswordOf(run, `given to ${username}`);
  const password = newPasswordOf(run, `of ${username}`);
  const admin = await run.app.as('admin');
  const { createUser: created } = await run.graph(admin, createUser, {
    input: { username, email, password: given },
  });
  await signInAs(run, username, given); // expired: refused
  await signInAs(run, username, given, password);
  await run.app.database.prisma.email.updateMany({
    where: { address: email },
    data: { verifiedAt: new Date() },
  });
  return { id: created.user.id, username, email, password };
}
