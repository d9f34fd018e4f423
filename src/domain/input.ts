import { z } from 'zod';
import { isCommonPassword } from '../auth/common-passwords.ts';
import { parseNetwork } from '../auth/networks.ts';
import { type InputProblem, InvalidInputError, type ProblemCode } from '../errors.ts';
import { eventTypes } from './audit.ts';
import { redirectUriProblem } from './oauth/redirect-uris.ts';
import { scopes } from './policy.ts';

/** The limits that the schema's descriptions, the REST documents and the database's constraints repeat. */
export const limits = {
  name: 50,
  bio: 1000,
  email: 254,
  url: 2048,
  password: { min: 8, max: 256 },
  metadata: { bytes: 16 * 1024, depth: 8 },
  document: { bytes: 256 * 1024, depth: 32 },
} as const;

/** The number of characters as people count them: code points, not UTF-16 units. */
const characters = (text: string) => [...text].length;

/** PostgreSQL cannot store U+0000, and an unpaired surrogate is no text. */
function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** Reports problems with a code of ours, which zod's own do not have. */
const issuesOf = (context: z.RefinementCtx) => (code: ProblemCode, message: string) =>
  context.addIssue({ code: 'custom', message, params: { code } });

function text({ max, min = 1, lines = false }: { max: number; min?: number; lines?: boolean }) {
  return z.string().superRefine((value, context) => {
    const size = characters(value);
    const control = lines ? /[^\P{Cc}\t\n\r]/u : /\p{Cc}/u;
    const issue = issuesOf(context);
    if (size < min)
      issue('TOO_SHORT', min === 1 ? 'must not be empty' : `must have at least ${min} characters`);
    else if (size > max) issue('TOO_LONG', `must have at most ${max} characters`);
    else if (!isStorable(value) || control.test(value))
      issue('INVALID', 'must not contain control characters');
    else if (/[\u202A-\u202E\u2066-\u2069]/.test(value))
      issue('INVALID', 'must not turn the direction of text');
    else if (/^[\s\p{Cf}]*$/u.test(value)) issue('INVALID', 'must not be blank');
  });
}

const name = text({ max: limits.name });
/** Neither composed by rules nor cut: NIST SP 800-63B and OWASP ASVS 5, 6.2. */
export const newPassword = z
  .string()
  .min(limits.password.min, `must have at least ${limits.password.min} characters`)
  .max(limits.password.max, `must have at most ${limits.password.max} characters`)
  .refine(isStorable, 'must not contain U+0000 or unpaired surrogates')
  .superRefine((password, context) => {
    if (isCommonPassword(password))
      issuesOf(context)('NOT_ALLOWED', 'is among the passwords that attackers try first');
  });

/** What a username may look like. */
export const usernameForm = z
  .string()
  .min(1, 'must not be empty')
  .max(limits.name, `must have at most ${limits.name} characters`)
  .regex(/^[a-zA-Z0-9_\-@.]*$/, 'may hold letters, digits and _ - @ . only');

const email = z
  .string()
  .max(limits.email, `must have at most ${limits.email} characters`)
  .pipe(z.email('must be an e-mail address'));

/**
 * Whether a text can be a login name at all: those are ASCII by their forms. The database folds the case of other letters as
 * its C library does, so it would find `i` by `\u0130`, which attempts are not counted by.
 */
export const isLoginText = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

const httpUrl = z
  .string()
  .max(limits.url, `must have at most ${limits.url} characters`)
  .regex(/^[^\s\p{Cc}\p{Cs}]*$/u, 'must not contain white space or control characters')
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }));

const phoneNumber = z.e164('must be a phone number in E.164 form, such as +4930123456');

const locale = z
  .string()
  .max(100, 'must have at most 100 characters')
  .transform((tag, context) => {
    try {
      return Intl.getCanonicalLocales(tag)[0] ?? tag;
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a BCP 47 language tag, such as en-US' });
      return z.NEVER;
    }
  });

const timeZone = z.string().refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin');

function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(zone)) return false; // newer runtimes take offsets such as +01:00 too
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Depth comes first: whatever looks at all values of a deep object would exhaust the stack. */
const jsonObject = ({ bytes, depth }: { bytes: number; depth: number }) =>
  z
    .custom<Record<string, unknown>>(
      (value) => depthOf(value, 1) === 1 && !Array.isArray(value),
      'must be an object',
    )
    .superRefine((value, context) => {
      const issue = issuesOf(context);
      if (depthOf(value, depth + 1) > depth) issue('TOO_DEEP', `must have at most ${depth} levels`);
      else if (sizeOf(value) > bytes) issue('TOO_LONG', `must have at most ${bytes / 1024} KiB as JSON`);
      else if (!everyScalar(value, isStorableScalar))
        issue(
          'INVALID',
          'must not contain U+0000, unpaired surrogates, numbers beyond double precision or the key __proto__',
        );
    });

const metadata = jsonObject(limits.metadata);

/** What a data record holds. */
export const document = jsonObject(limits.document);

/** The size as JSON, with numbers written out as the database does: `1e300` takes 60 times the room on its way back. */
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value)) + digitsLeftOut(value);

function digitsLeftOut(value: unknown): number {
  if (typeof value === 'number') return Number(/e[+-](\d+)/.exec(String(value))?.[1] ?? 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, inner) => sum + digitsLeftOut(inner), 0);
}

/** How deeply objects and arrays nest; stops counting at `limit`, so that no input can exhaust the stack. */
function depthOf(value: unknown, limit: number): number {
  if (limit === 0 || typeof value !== 'object' || value === null) return 0;
  let deepest = 0; // in a loop: a wide value has more members than a call can have arguments
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, limit - 1));
  return 1 + deepest;
}

function everyScalar(value: unknown, test: (scalar: unknown) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return test(value);
  const entries = Object.entries(value); // `__proto__` is lost on the way into the database, so it is no key
  return entries.every(([key, inner]) => key !== '__proto__' && test(key) && everyScalar(inner, test));
}

/** JSON has numbers that become infinite here, and would be lost. */
function isStorableScalar(scalar: unknown): boolean {
  return typeof scalar === 'string'
    ? isStorable(scalar)
    : typeof scalar !== 'number' || Number.isFinite(scalar);
}

/** What a person or program may say of an account. Absent keeps, null clears. */
const profile = {
  name: name.nullish(),
  firstName: name.nullish(),
  lastName: name.nullish(),
  bio: text({ max: limits.bio, lines: true }).nullish(),
  company: name.nullish(),
  jobTitle: name.nullish(),
  avatarUrl: httpUrl.nullish(),
  metadata: metadata.nullish(),
  locale: locale.nullish(),
  timeZone: timeZone.nullish(),
};

const contact = {
  username: usernameForm.nullish(),
  email: email.nullish(),
  phoneNumber: phoneNumber.nullish(),
};

/** What only a superuser may set. */
const administration = {
  status: z.enum(['PENDING', 'ACTIVE', 'SUSPENDED'], 'cannot be set to this').optional(),
  isSuperuser: z.boolean().optional(),
  password: newPassword.optional(),
};

export const updateAccountInput = z.object({ ...profile, ...contact, ...administration });

export const createUserInput = z.object({
  ...profile,
  ...contact,
  ...administration,
  oauthIdentity: z.object({ provider: text({ max: limits.name }), subject: text({ max: 255 }) }).nullish(),
});

export const createManagedUserInput = z.object({ ...profile, firstName: name });
export const createServiceAccountInput = z.object({
  name,
  username: usernameForm.nullish(),
  ...omitName(profile),
});

function omitName({ name: _, ...rest }: typeof profile) {
  return rest;
}

export const newPasswordInput = z.object({ newPassword });

/** What a person says of themselves who makes an account. */
export const signUpInput = z.object({
  name: profile.name,
  firstName: profile.firstName,
  lastName: profile.lastName,
  locale: profile.locale,
  timeZone: profile.timeZone,
  username: contact.username,
  email,
  password: newPassword,
});

export const createInvitationInput = z.object({ email: email.nullish() });

const subDomain = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end',
  );

export const createOrganizationInput = z.object({ name, subDomain: subDomain.nullish() });
export const updateOrganizationInput = z.object({ name: name.optional(), subDomain: subDomain.optional() });
export const inviteMemberInput = z.object({ email });
/** What is no code at all is wrong like any other; whatever is longer is no code. */
export const acceptInvitationInput = z.object({ code: text({ max: 200 }) });

export const addEmailInput = z.object({ address: email });
export const addPhoneNumberInput = z.object({ number: phoneNumber });
/** A one-time code, however it is written; whether it is right is not for its form to say. */
export const codeInput = z.object({ code: text({ max: limits.name }) });

const network = z
  .string()
  .refine((text) => parseNetwork(text) !== null, 'must be an address or a network such as 192.0.2.0/24');
const mostNetworks = 100;

export const createApiTokenInput = z.object({
  name,
  scopes: z.array(z.enum(scopes)),
  allowedNetworks: z.array(network).max(mostNetworks, `must have at most ${mostNetworks} networks`).nullish(),
  rateLimit: z
    .int()
    .refine((limit) => limit > 0, 'must be at least 1')
    .nullish(),
});

const mostRedirectUris = 20;
const redirectUri = z
  .string()
  .max(limits.url, `must have at most ${limits.url} characters`)
  .superRefine((uri, context) => {
    const problem = redirectUriProblem(uri);
    if (problem !== null) issuesOf(context)('INVALID', problem);
  });

const oauthClient = {
  name,
  redirectUris: z
    .array(redirectUri)
    .max(mostRedirectUris, `must have at most ${mostRedirectUris} URIs`)
    .transform((uris) => [...new Set(uris)]),
  scopes: z
    .array(z.enum(scopes))
    .min(1, 'must have at least one scope')
    .transform((list) => scopes.filter((scope) => list.includes(scope))),
  isTrusted: z.boolean(),
};

export const registerOAuthClientInput = z.object({
  ...oauthClient,
  isConfidential: z.boolean(),
  isTrusted: oauthClient.isTrusted.nullish(),
});

export const updateOAuthClientInput = z.object(oauthClient).partial();

const mostOverlap = 24 * 60;

export const rotateApiTokenInput = z.object({
  overlapMinutes: z
    .int()
    .refine((minutes) => minutes >= 0 && minutes <= mostOverlap, `must be from 0 to ${mostOverlap}`)
    .nullish(),
});

export const registerSigningKeyInput = z.object({ name });

const webhook = {
  name,
  url: httpUrl,
  eventTypes: z
    .array(z.enum(eventTypes, 'is no type of event'))
    .transform((types) => eventTypes.filter((type) => types.includes(type))),
  ownsData: z.boolean(),
};

export const createWebhookInput = z.object({
  ...webhook,
  eventTypes: webhook.eventTypes.nullish(),
  ownsData: webhook.ownsData.nullish(),
});

export const updateWebhookInput = z.object({ ...webhook, isEnabled: z.boolean() }).partial();

export type AccountUpdate = z.infer<typeof updateAccountInput>;

/** Gathers what is wrong with fields of an input, for rules that look at more than one value. */
export function collectProblems() {
  const problems: InputProblem[] = [];
  const problem = (field: string, code: ProblemCode, message: string) =>
    problems.push({ path: ['input', field], code, message });
  return { problems, problem };
}

/**
 * Parses an input whole, so that all its problems come back together.
 * @throws {InvalidInputError} with a problem for each bad value, and those that were found elsewhere
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  { also = [] }: { also?: readonly InputProblem[] } = {},
): z.output<Schema> {
  const parsed = schema.safeParse(input, { reportInput: true });
  const problems = parsed.success ? [...also] : [...also, ...parsed.error.issues.map(toProblem)];
  if (!parsed.success || problems.length > 0) throw new InvalidInputError(problems);
  return parsed.data;
}

/** What a schema found, with a code of ours. */
export function toProblem(issue: z.core.$ZodIssue): InputProblem {
  const path = ['input', ...issue.path.map(String)];
  if (issue.code === 'custom' && issue.params?.code) {
    return { path, code: issue.params.code, message: issue.message };
  }
  if (issue.input == null) {
    return { path, code: 'REQUIRED', message: issue.input === null ? 'must not be null' : 'is required' };
  }
  const codes: Record<string, ProblemCode> = {
    too_small: 'TOO_SHORT',
    too_big: 'TOO_LONG',
    invalid_value: 'NOT_ALLOWED',
  };
  return { path, code: codes[issue.code] ?? 'INVALID', message: issue.message };
}
