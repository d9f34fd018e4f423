/** What an export holds: all that is held about an account, as one JSON object. The schema is served, so readers can rely on it. */
import { z } from 'zod';
import type { $ZodType } from 'zod/v4/core';

/** Where the schema is served. */
export const archiveSchemaPath = '/schemas/export.json';

const id = z.uuid();
const moment = z.iso.datetime();
const text = z.string();
const optional = <T extends $ZodType>(type: T) => z.nullable(type);
const json = z.record(z.string(), z.unknown());
const scopes = z.array(text);
const list = (description: string, fields: z.core.$ZodLooseShape) =>
  z.array(z.strictObject(fields)).describe(description);

const account = z
  .strictObject({
    id,
    kind: z.enum(['HUMAN', 'SERVICE_ACCOUNT', 'MANAGED']),
    status: text,
    username: optional(text),
    name: optional(text),
    firstName: optional(text),
    lastName: optional(text),
    displayName: text,
    bio: optional(text),
    company: optional(text),
    jobTitle: optional(text),
    avatarUrl: optional(text),
    metadata: optional(json),
    locale: optional(text),
    timeZone: optional(text),
    isSuperuser: z.boolean(),
    isOnboarded: z.boolean(),
    managerId: optional(id).describe('The account that manages this one.'),
    organizationId: optional(id).describe('The organization of a service account.'),
    version: z.int(),
    createdAt: moment,
    updatedAt: moment,
    passwordSetAt: optional(moment).describe('When the password was set; null where there is none.'),
  })
  .describe('The account itself.');

const event = {
  id,
  sequence: text.describe('The place in the trail of the whole server.'),
  occurredAt: moment,
  action: text,
  subjectType: text,
  subjectId: id,
  onBehalfOfId: optional(id),
  credentialKind: text,
  credentialId: optional(id),
  ipAddress: optional(text),
  userAgent: optional(text),
  requestId: optional(text),
  hash: text.describe('Chains the event to the one before.'),
};

const change = z.strictObject({ field: text, before: z.unknown(), after: z.unknown() });

/** The archive, whose members come in this order. */
export const archive = z
  .strictObject({
    $schema: z.url().describe('Where this schema is.'),
    format: z.literal('usergraph-export'),
    formatVersion: z.literal(1),
    exportId: id,
    exportedAt: moment.describe(
      'When the archive was made. What changed while it was sent may be in it or not.',
    ),
    account,
    emails: list('The e-mail addresses.', {
      id,
      address: text,
      isDefault: z.boolean(),
      verifiedAt: optional(moment),
      createdAt: moment,
      updatedAt: moment,
    }),
    phoneNumbers: list('The phone numbers.', {
      id,
      number: text,
      isPrimary: z.boolean(),
      verifiedAt: optional(moment),
      createdAt: moment,
      updatedAt: moment,
    }),
    identities: list('The accounts at OAuth2 providers that are linked.', {
      id,
      provider: text,
      subject: text,
      isPrimary: z.boolean(),
      name: optional(text),
      email: optional(text),
      avatarUrl: optional(text),
      createdAt: moment,
      updatedAt: moment,
    }),
    memberships: list('The organizations that the account is a member of.', {
      organizationId: id,
      organizationName: text,
      role: text,
      createdAt: moment,
    }),
    sessions: list('The sessions, those among them that are over and not yet forgotten.', {
      id,
      clientId: optional(id).describe('The OAuth2 client that it was granted to.'),
      actorId: optional(id).describe('The account that acts for this one in it.'),
      scopes,
      ipAddress: optional(text).describe('Null for the session of another account that acts for this one.'),
      userAgent: optional(text),
      authenticatedAt: moment,
      createdAt: moment,
      lastUsedAt: moment,
      expiresAt: moment,
      revokedAt: optional(moment),
    }),
    apiTokens: list('The API tokens, without their secrets.', {
      id,
      name: text,
      prefix: text,
      scopes,
      allowedNetworks: z.array(text),
      rateLimit: optional(z.int()),
      createdAt: moment,
      lastUsedAt: optional(moment),
      expiresAt: moment,
      revokedAt: optional(moment),
    }),
    consents: list('What the account allowed OAuth2 clients.', {
      clientId: id,
      clientName: text,
      scopes,
      createdAt: moment,
      updatedAt: moment,
    }),
    codes: list('The one-time codes that were sent, without the codes.', {
      id,
      kind: text,
      attempts: z.int(),
      createdAt: moment,
      expiresAt: moment,
      usedAt: optional(moment),
    }),
    authorizationCodes: list('The sign-ins to OAuth2 clients under way, without the codes.', {
      id,
      clientId: id,
      redirectUri: text,
      scopes,
      createdAt: moment,
      expiresAt: moment,
      usedAt: optional(moment),
    }),
    devices: list('The devices that wait for the account to sign in, or did.', {
      id,
      clientId: optional(id),
      clientName: optional(text),
      scopes,
      status: text,
      ipAddress: optional(text),
      userAgent: optional(text),
      createdAt: moment,
      expiresAt: moment,
      usedAt: optional(moment),
    }),
    sharesGiven: list('Whom the account lets at itself.', {
      id,
      granteeId: id,
      scopes,
      createdAt: moment,
      expiresAt: optional(moment),
    }),
    sharesReceived: list('Who lets the account at theirs.', {
      id,
      grantorId: id,
      scopes,
      createdAt: moment,
      expiresAt: optional(moment),
    }),
    invitations: list('The invitations that the account made, used, or has an address of.', {
      id,
      isOwn: z.boolean().describe('Whether the account made it.'),
      email: optional(text).describe('The address that it is for, where that is one of the account.'),
      organizationId: optional(id),
      role: optional(text),
      createdAt: moment,
      expiresAt: moment,
      usedAt: optional(moment),
    }),
    managedUsers: list('The accounts that this one manages; each has an export of its own.', {
      id,
      createdAt: moment,
    }),
    dataRecords: list('The data records.', {
      id,
      collection: text,
      occurredAt: moment,
      data: json,
      version: z.int(),
      createdAt: moment,
      updatedAt: moment,
    }),
    auditTrail: list('What happened to the account.', {
      ...event,
      actorId: optional(id),
      changes: optional(z.array(change)),
    }),
    actions: list('What the account did elsewhere, without what it said of others.', {
      ...event,
      accountId: optional(id),
      organizationId: optional(id),
    }),
    answers: list('The answers that are kept for requests with an Idempotency-Key, without what they say.', {
      id,
      key: text,
      status: z.int(),
      createdAt: moment,
      expiresAt: moment,
    }),
    exports: list('The exports of the account.', {
      id,
      requestedById: optional(id),
      createdAt: moment,
      expiresAt: moment,
      downloadedAt: optional(moment),
    }),
    erasures: list('The deletions of the account that were asked for and undone.', {
      id,
      requestedById: optional(id),
      status: text,
      requestedAt: moment,
      undoneAt: optional(moment),
    }),
  })
  .meta({ title: 'Usergraph export', description: 'All that is held about one account.' });

export type Archive = z.infer<typeof archive>;

/** The names of the lists in an archive. */
export type SectionName = {
  [Name in keyof Archive]: Archive[Name] extends readonly unknown[] ? Name : never;
}[keyof Archive];

/** The archive's schema as JSON Schema (draft 2020-12). */
export const archiveSchema = () => z.toJSONSchema(archive, { target: 'draft-2020-12' });
