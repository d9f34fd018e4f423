/** The mutations of e-mail addresses and phone numbers, and what they leave behind. */
import { decodeId } from '../../src/domain/ids.ts';
import type { Client, TestApp } from '../setup/app.ts';

export interface Contact {
  id: string;
  address: string;
  number: string;
  isDefault: boolean;
  isPrimary: boolean;
  isVerified: boolean;
}

export interface Result {
  __typename: string;
  code?: string;
  message?: string;
  path?: string[];
  problems?: { path: string[]; code: string; message: string }[];
  email?: Contact;
  phoneNumber?: Contact;
  expiresAt?: string;
  user?: { version: number; emails: Contact[]; phoneNumbers: Contact[] };
}

const emailFields = 'id address isDefault isVerified';
const phoneFields = 'id number isPrimary isVerified';
const userFields = `user { version emails { ${emailFields} } phoneNumbers { ${phoneFields} } }`;

/** What each mutation takes, and what it answers with. */
const mutations = {
  addEmail: ['$input: AddEmailInput!', `email { ${emailFields} } ${userFields}`],
  requestEmailVerification: ['$id: ID!', `email { ${emailFields} } expiresAt`],
  verifyEmail: ['$id: ID!, $input: VerifyEmailInput!', `email { ${emailFields} } ${userFields}`],
  removeEmail: ['$id: ID!', userFields],
  makeEmailDefault: ['$id: ID!', `email { ${emailFields} } ${userFields}`],
  addPhoneNumber: ['$input: AddPhoneNumberInput!', `phoneNumber { ${phoneFields} } ${userFields}`],
  requestPhoneVerification: ['$id: ID!', `phoneNumber { ${phoneFields} } expiresAt`],
  verifyPhoneNumber: [
    '$id: ID!, $input: VerifyPhoneNumberInput!',
    `phoneNumber { ${phoneFields} } ${userFields}`,
  ],
  removePhoneNumber: ['$id: ID!', userFields],
  makePhoneNumberPrimary: ['$id: ID!', `phoneNumber { ${phoneFields} } ${userFields}`],
} as const;
export type Mutation = keyof typeof mutations;

/** Runs a mutation and answers with whatever came. */
export function send(client: Client, name: Mutation, variables: { id?: string; input?: object }) {
  const [declared, fields] = mutations[name];
  const used = declared.includes('$id') ? ['id: $id'] : [];
  if (declared.includes('$input')) used.push('input: $input');
  const success = `${name.charAt(0).toUpperCase()}${name.slice(1)}Success`;
  const document = `mutation (${declared}) { result: ${name}(${used.join(', ')}) { __typename
    ... on ${success} { ${fields} }
    ... on Error { code message path }
    ... on InvalidInputError { problems { path code message } } } }`;
  return client.send<{ result: Result }, object>(document, variables);
}

/** Runs a mutation whose result is data: a success, or an error that a person can act on. */
export async function run(client: Client, name: Mutation, variables: { id?: string; input?: object }) {
  const { data, text } = await send(client, name, variables);
  if (data?.result == null) throw new Error(text);
  return data.result;
}

/** The code of the newest message to an address or a number. */
export function codeFor(app: TestApp, to: string): string {
  const message = app.sent.findLast((sent) => sent.to === to);
  const code = /\b(?:[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}|\d{6})\b/.exec(message?.text ?? '')?.[0];
  if (code === undefined) throw new Error(`no code was sent to ${to}: ${message?.text}`);
  return code;
}

/** Another code of the same form. */
export const wrong = (code: string) => code.replace(/^./, (first) => (first === '7' ? '8' : '7'));

/** Adds an address that is not the default one, without a message. @returns its global id and its own */
export async function insertEmail(app: TestApp, userId: string, columns: { verifiedAt?: Date } = {}) {
  const id = crypto.randomUUID();
  const address = `extra-${id}@example.net`;
  await app.database.prisma.email.create({ data: { id, userId, address, ...columns } });
  return address;
}

/** Everything of an account that a refused mutation must leave as it was. */
export async function stateOf({ database: { prisma }, sent }: TestApp, userId: string) {
  const where = { userId };
  return {
    emails: await prisma.email.findMany({ where, orderBy: { id: 'asc' } }),
    phoneNumbers: await prisma.phoneNumber.findMany({ where, orderBy: { id: 'asc' } }),
    challenges: await prisma.challenge.findMany({ where, orderBy: { id: 'asc' } }),
    user: await prisma.user.findUnique({ where: { id: userId } }),
    audit: await prisma.auditEvent.count({ where: { subjectId: userId } }),
    events: await prisma.outboxEvent.count({ where: { subjectId: userId } }),
    sent: sent.length,
  };
}

/** The actions that were recorded of an account, the latest last. */
export async function actionsOf({ database: { prisma } }: TestApp, userId: string): Promise<string[]> {
  const rows = await prisma.auditEvent.findMany({
    where: { subjectId: userId },
    orderBy: [{ occurredAt: 'asc' }, { id: 'asc' }],
    select: { action: true },
  });
  return rows.map(({ action }) => action);
}

export const uuidOf = (globalId: string) => decodeId(globalId).uuid;
