import { z } from 'zod';
import { parseNetwork } from './auth/networks.ts';
import { type MountedDialect, parseMounts } from './rest/mounts.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

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
  SESSION_DAYS: integer('a number of days', 1, 366).default(30),
  RATE_LIMIT_PER_MINUTE: integer('a number of requests', 1, 10_000_000).default(1000),
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
  readonly sessionDays: number;
  readonly rateLimitPerMinute: number;
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
    sessionDays: e.SESSION_DAYS,
    rateLimitPerMinute: e.RATE_LIMIT_PER_MINUTE,
    trustedProxies: e.TRUSTED_PROXIES,
    corsOrigins: e.CORS_ORIGIN === '*' ? '*' : e.CORS_ORIGIN.split(',').map((origin) => origin.trim()),
    maxBodyBytes: e.MAX_BODY_KIB * 1024,
    restMounts: e.REST_MOUNTS,
    missingBearerStatus: Number(e.REST_MISSING_BEARER_STATUS) as 401 | 403,
    logLevel: e.LOG_LEVEL,
    logFormat: e.LOG_FORMAT,
  };
}

/** A database URL may carry a password, so its value is never repeated. */
function shown(env: NodeJS.ProcessEnv, name: PropertyKey | undefined): string {
  return name === 'DATABASE_URL' ? 'a value not shown' : JSON.stringify(env[String(name)]);
}
