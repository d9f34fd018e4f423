import { z } from 'zod';
import { parseNetwork } from './auth/networks.ts';
import { scopes } from './domain/policy.ts';
import { day, hour, minute } from './durations.ts';
import { type MountedDialect, parseMounts } from './rest/mounts.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const providerName = z.string().regex(/^[a-z][a-z0-9-]{0,29}$/, 'must be a short name in lower case');
/** Keys that came over plain HTTP could be anybody's. */
const issuerUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL' })
  .refine(
    (url) => /^(https:|http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(\/|$))/i.test(url),
    'must be an https URL, or one of this machine',
  );

const oidcProvider = z.strictObject({
  name: providerName,
  label: z.string().min(1).max(50).optional(),
  issuer: issuerUrl,
  clientId: z.string().min(1, 'must not be empty'),
  clientSecret: z.string().min(1, 'must not be empty'),
  signUp: z.boolean().default(true),
});

const trustedIssuer = z.strictObject({
  name: providerName,
  issuer: issuerUrl,
  audience: z.string().min(1, 'must not be empty'),
  jwksUri: issuerUrl.optional(),
  scopes: z.array(z.enum(scopes)).default(['openid', 'profile', 'data:read', 'data:write']),
});

/** The only reader of the environment. Every variable stands in `.env.example` with its default. */
const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: integer('a port', 0, 65_535).default(4000),
  PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  DATABASE_URL: z
    .string()
    .regex(
      /^(postgres(ql)?:\/\/.+|pglite:.+)$/,
      'must be postgresql://…, pglite:<directory> or pglite:memory',
    )
    .default('pglite:.usergraph/data'),
  DATABASE_POOL_SIZE: integer('a number of connections', 1, 1000).default(10),
  DATABASE_STATEMENT_TIMEOUT_MS: integer('a number of milliseconds', 100, 3_600_000).default(15_000),
  DATABASE_NAMED_STATEMENTS: z.stringbool({ error: 'must be true or false' }).default(true),
  USERGRAPH_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  SESSION_DAYS: integer('a number of days', 1, 366).default(30),
  SESSION_IDLE_DAYS: integer('a number of days', 1, 366).default(14),
  SIGN_UP: z.enum(['open', 'invite', 'closed'], 'must be open, invite or closed').default('closed'),
  SIGN_IN_ATTEMPTS_PER_ACCOUNT: integer('a number of attempts', 1, 1_000_000).default(10),
  SIGN_IN_ATTEMPTS_PER_ADDRESS: integer('a number of attempts', 1, 1_000_000).default(100),
  OIDC_PROVIDERS: z.string().default('').transform(list(oidcProvider)),
  TRUSTED_ISSUERS: z.string().default('').transform(list(trustedIssuer)),
  ERASURE_GRACE: z
    .string()
    .regex(/^(0|\d{1,4}[mhd])$/, 'must be 0, or minutes, hours or days such as 30m, 12h or 14d')
    .default('0')
    .transform(duration),
  WEBHOOK_ALLOWED_NETWORKS: z.string().default('').transform(networks),
  READ_CACHE_MIB: integer('a number of MiB', 0, 65_536).default(128),
  REQUIRE_IF_MATCH: z.stringbool({ error: 'must be true or false' }).default(false),
  RATE_LIMIT_PER_MINUTE: integer('a number of requests', 1, 10_000_000).default(1000),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://… or rediss://…' }).optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be smtp://… or smtps://…' }).optional(),
  MAIL_FROM: z.string().min(3).default('Usergraph <no-reply@localhost>'),
  SMS_WEBHOOK_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  TRUSTED_PROXIES: z.string().default('').transform(networks),
  CORS_ORIGIN: z.string().min(1).default('*'),
  MAX_BODY_KIB: integer('a number of KiB', 1, 102_400).default(1024),
  REST_MOUNTS: z.string().default('').transform(mounts),
  REST_MISSING_BEARER_STATUS: z.enum(['401', '403'], 'must be 401 or 403').default('401'),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  LOG_FORMAT: z.enum(['auto', 'json', 'pretty'], 'must be auto, json or pretty').default('auto'),
});

function integer(what: string, min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, `must be ${what} from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be ${what} from ${min} to ${max}`);
}

/** In milliseconds. */
function duration(text: string): number {
  const units = { m: minute, h: hour, d: day };
  const unit = text.at(-1) as keyof typeof units;
  return text === '0' ? 0 : Number(text.slice(0, -1)) * units[unit];
}

function mounts(text: string, context: z.RefinementCtx) {
  try {
    return parseMounts(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
}

function networks(text: string, context: z.RefinementCtx): readonly string[] {
  const list = text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  for (const network of list) {
    if (parseNetwork(network) === null)
      context.addIssue({
        code: 'custom',
        message: `"${network}" must be an address or a network such as 10.0.0.0/8`,
      });
  }
  return list;
}

/** A list as JSON, of things with names that differ. What cannot be read is not repeated: it may hold secrets. */
function list<Item extends z.ZodType<{ name: string }>>(item: Item) {
  return (text: string, context: z.RefinementCtx): readonly z.output<Item>[] => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const value = text === '' ? [] : parseJson(text);
    if (!Array.isArray(value)) return refuse('must be a list as JSON, such as [{"name":"corp",…}]');
    const parsed = z.array(item).safeParse(value);
    if (!parsed.success) return refuse([...new Set(parsed.error.issues.map(placed))].join('; '));
    const isAmbiguous = new Set(parsed.data.map(({ name }) => name)).size < parsed.data.length;
    return isAmbiguous ? refuse('names must differ') : parsed.data;
  };
}

const placed = ({ path: [index, ...path], message }: z.core.$ZodIssue) =>
  `entry ${Number(index) + 1}: ${[...path, message].join(' ')}`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A provider that people sign in with (OpenID Connect). */
export type OidcProvider = z.output<typeof oidcProvider>;
/** An issuer whose access tokens are taken as credentials. */
export type TrustedIssuer = z.output<typeof trustedIssuer>;

export interface Config {
  readonly host: string;
  readonly port: number;
  /** How the outside reaches this server; null lets each page and link stay relative. */
  readonly publicUrl: string | null;
  readonly databaseUrl: string;
  readonly databasePoolSize: number;
  /** In milliseconds. */
  readonly databaseStatementTimeout: number;
  readonly databaseNamedStatements: boolean;
  /** What everything is derived from that must stay secret; null lets an embedded database keep one of its own. */
  readonly secret: string | null;
  readonly sessionDays: number;
  /** How long a session lasts that nobody uses. */
  readonly sessionIdleDays: number;
  /** Who may make an account for themselves. */
  readonly signUp: 'open' | 'invite' | 'closed';
  /** Attempts to sign in within 15 minutes. */
  readonly signInAttempts: { readonly perAccount: number; readonly perAddress: number };
  readonly oidcProviders: readonly OidcProvider[];
  readonly trustedIssuers: readonly TrustedIssuer[];
  /** How long a deletion can be undone, in milliseconds; 0 begins to erase at once. */
  readonly erasureGrace: number;
  /** The private networks that webhooks may be in. */
  readonly webhookAllowedNetworks: readonly string[];
  /** Whether REST refuses to change an account for who does not say what it knows of it (`If-Match`). */
  readonly requireIfMatch: boolean;
  /** How much of what was read of accounts and credentials is kept; 0 keeps nothing. */
  readonly readCacheBytes: number;
  readonly rateLimitPerMinute: number;
  /** Where limits are counted for all processes; null counts in each. */
  readonly redisUrl: string | null;
  /** How messages leave; null writes them to the log. */
  readonly mail: { readonly smtpUrl: string | null; readonly from: string };
  readonly smsWebhookUrl: string | null;
  /** The networks of the proxies that may say where a request came from. */
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: '*' | readonly string[];
  readonly maxBodyBytes: number;
  /** Where the REST dialects are served. */
  readonly restMounts: readonly MountedDialect[];
  /** What the dialects of FastAPI services answer without a bearer token. */
  readonly missingBearerStatus: 401 | 403;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly logFormat: 'auto' | 'json' | 'pretty';
}

/** A setting that cannot be used; its message names each one with the reason. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration. An empty variable counts as absent.
 * @throws {ConfigError} naming every bad variable at once
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      (issue) => `  ${issue.path.join('.')}: ${issue.message} (got ${shown(given, issue.path[0])})`,
    );
    throw new ConfigError(`The configuration cannot be used:\n${lines.join('\n')}`);
  }
  const e = parsed.data;
  return {
    host: e.HOST,
    port: e.PORT,
    publicUrl: e.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    databaseUrl: e.DATABASE_URL,
    databasePoolSize: e.DATABASE_POOL_SIZE,
    databaseStatementTimeout: e.DATABASE_STATEMENT_TIMEOUT_MS,
    databaseNamedStatements: e.DATABASE_NAMED_STATEMENTS,
    secret: e.USERGRAPH_SECRET ?? null,
    sessionDays: e.SESSION_DAYS,
    sessionIdleDays: e.SESSION_IDLE_DAYS,
    signUp: e.SIGN_UP,
    signInAttempts: {
      perAccount: e.SIGN_IN_ATTEMPTS_PER_ACCOUNT,
      perAddress: e.SIGN_IN_ATTEMPTS_PER_ADDRESS,
    },
    oidcProviders: e.OIDC_PROVIDERS,
    trustedIssuers: e.TRUSTED_ISSUERS,
    erasureGrace: e.ERASURE_GRACE,
    webhookAllowedNetworks: e.WEBHOOK_ALLOWED_NETWORKS,
    requireIfMatch: e.REQUIRE_IF_MATCH,
    readCacheBytes: e.READ_CACHE_MIB * 1024 * 1024,
    rateLimitPerMinute: e.RATE_LIMIT_PER_MINUTE,
    redisUrl: e.REDIS_URL ?? null,
    mail: { smtpUrl: e.SMTP_URL ?? null, from: e.MAIL_FROM },
    smsWebhookUrl: e.SMS_WEBHOOK_URL ?? null,
    trustedProxies: e.TRUSTED_PROXIES,
    corsOrigins: e.CORS_ORIGIN === '*' ? '*' : e.CORS_ORIGIN.split(',').map((origin) => origin.trim()),
    maxBodyBytes: e.MAX_BODY_KIB * 1024,
    restMounts: e.REST_MOUNTS,
    missingBearerStatus: Number(e.REST_MISSING_BEARER_STATUS) as 401 | 403,
    logLevel: e.LOG_LEVEL,
    logFormat: e.LOG_FORMAT,
  };
}

/** Values that may carry a password or a secret are never repeated. */
const secretive = new Set<PropertyKey>([
  'DATABASE_URL',
  'USERGRAPH_SECRET',
  'OIDC_PROVIDERS',
  'REDIS_URL',
  'SMTP_URL',
  'SMS_WEBHOOK_URL',
]);

function shown(env: NodeJS.ProcessEnv, name: PropertyKey | undefined): string {
  return name !== undefined && secretive.has(name) ? 'a value not shown' : JSON.stringify(env[String(name)]);
}
