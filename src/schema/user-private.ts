/** The private facts of an account. Each is null for whoever may not read them: on every path through the graph. */
import type { Context } from '../context.ts';
import { accountSelect } from '../domain/accounts.ts';
import type { Account } from '../domain/policy.ts';
import { openSessionWhere, sessionListing } from '../domain/sessions.ts';
import { may } from './access.ts';
import { builder } from './builder.ts';
import { Email, OAuthIdentity, PhoneNumber } from './contact.ts';
import { Session } from './session.ts';
import { User } from './user.ts';

const hidden = 'Private: null for others.';

function privately<Row extends Account, T>(context: Context, row: Row, read: (row: Row) => T): T | null {
  return may(context, 'readPrivate', row) ? read(row) : null;
}

const emailOrder = {
  orderBy: [{ isDefault: 'desc' as const }, { createdAt: 'asc' as const }, { id: 'asc' as const }],
};
const phoneOrder = {
  orderBy: [{ isPrimary: 'desc' as const }, { createdAt: 'asc' as const }, { id: 'asc' as const }],
};
const identityOrder = phoneOrder;

builder.prismaObjectFields(User, (t) => ({
  email: t.field({
    type: 'EmailAddress',
    nullable: true,
    description: `The default e-mail address. Null when there is none. ${hidden}`,
    select: {
      ...accountSelect,
      emails: { ...emailOrder, select: { address: true, isDefault: true } },
    },
    resolve: (user, _args, context) =>
      privately(context, user, ({ emails }) => emails.find((email) => email.isDefault)?.address ?? null),
  }),
  emails: t.field({
    type: [Email],
    nullable: true,
    description: `The e-mail addresses, the default one first. ${hidden}`,
    select: (_args, _context, nested) => ({ ...accountSelect, emails: nested(emailOrder) }),
    resolve: (user, _args, context) => privately(context, user, ({ emails }) => emails),
  }),
  phoneNumber: t.field({
    type: 'PhoneNumber',
    nullable: true,
    description: `The primary phone number. Null when there is none. ${hidden}`,
    select: {
      ...accountSelect,
      phoneNumbers: { ...phoneOrder, select: { number: true, isPrimary: true } },
    },
    resolve: (user, _args, context) =>
      privately(
        context,
        user,
        ({ phoneNumbers }) => phoneNumbers.find((phone) => phone.isPrimary)?.number ?? null,
      ),
  }),
  phoneNumbers: t.field({
    type: [PhoneNumber],
    nullable: true,
    description: `The phone numbers, the primary one first. ${hidden}`,
    select: (_args, _context, nested) => ({ ...accountSelect, phoneNumbers: nested(phoneOrder) }),
    resolve: (user, _args, context) => privately(context, user, ({ phoneNumbers }) => phoneNumbers),
  }),
  oauthProvider: t.string({
    nullable: true,
    description: `The provider of an OAuth2 account, such as \`github\`. Null for an account of another kind. ${hidden}`,
    select: {
      ...accountSelect,
      identities: { ...identityOrder, select: { provider: true, isPrimary: true } },
    },
    resolve: (user, _args, context) =>
      privately(context, user, ({ identities }) => identities.find((one) => one.isPrimary)?.provider ?? null),
  }),
  oauthId: t.string({
    nullable: true,
    description: `The id of an OAuth2 account at its provider. Null for an account of another kind. ${hidden}`,
    select: {
      ...accountSelect,
      identities: { ...identityOrder, select: { subject: true, isPrimary: true } },
    },
    resolve: (user, _args, context) =>
      privately(context, user, ({ identities }) => identities.find((one) => one.isPrimary)?.subject ?? null),
  }),
  identities: t.field({
    type: [OAuthIdentity],
    nullable: true,
    description: `The accounts at OAuth2 providers that are linked, the one that made the account first. ${hidden}`,
    select: (_args, _context, nested) => ({ ...accountSelect, identities: nested(identityOrder) }),
    resolve: (user, _args, context) => privately(context, user, ({ identities }) => identities),
  }),
  metadata: t.field({
    type: 'JSONObject',
    nullable: true,
    description: `Free-form facts that an application keeps with the account. Null when there are none. ${hidden}`,
    select: { ...accountSelect, metadata: true },
    resolve: (user, _args, context) => privately(context, user, ({ metadata }) => metadata),
  }),
  locale: t.field({
    type: 'Locale',
    nullable: true,
    description: `The preferred language. Null when none is set. ${hidden}`,
    select: { ...accountSelect, locale: true },
    resolve: (user, _args, context) => privately(context, user, ({ locale }) => locale),
  }),
  timeZone: t.field({
    type: 'TimeZone',
    nullable: true,
    description: `The time zone. Null when none is set. ${hidden}`,
    select: { ...accountSelect, timeZone: true },
    resolve: (user, _args, context) => privately(context, user, ({ timeZone }) => timeZone),
  }),
}));

builder.prismaObjectFields(User, (t) => ({
  activeSessionCount: t.int({
    nullable: true,
    description: `How many sessions are open. ${hidden}`,
    select: (_args, context) => ({
      ...accountSelect,
      _count: { select: { sessions: { where: openSessionWhere(context) } } },
    }),
    resolve: (user, _args, context) => privately(context, user, ({ _count }) => _count.sessions),
  }),
  sessions: t.field({
    type: [Session],
    nullable: true,
    description:
      'The open sessions, the one used last first, up to 100. Null for all but the account itself and superusers.',
    select: (_args, context, nested) => ({
      ...accountSelect,
      sessions: nested({
        where: openSessionWhere(context),
        ...sessionListing,
      }),
    }),
    resolve: (user, _args, context) => (may(context, 'readSessions', user) ? user.sessions : null),
  }),
}));
