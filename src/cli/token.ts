/** `usergraph token …`: API tokens at the server's console, by the same rules as in the graph. */
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { rotateApiToken } from '../domain/api-token-rotation.ts';
import { createApiToken, listApiTokens, revokeApiToken, type TokenOwner } from '../domain/api-tokens.ts';
import { encodeId } from '../domain/ids.ts';
import type { ApiToken } from '../generated/prisma/client.ts';
import { atConsole } from './console.ts';
import { reportErrors } from './report-errors.ts';
import { parseExpiry, parseList, parseScopeList, parseWhole } from './token-options.ts';
import { findOwner, type OwnerOptions, readId } from './token-owner.ts';
import { describeToken, renderTokens } from './token-text.ts';
import { UsageError } from './usage-error.ts';

const mostListed = 1000;

interface Output {
  readonly json?: boolean;
}

interface CreateOptions extends OwnerOptions, Output {
  readonly name: string;
  readonly scopes: string;
  readonly expires?: string;
  readonly networks?: string;
  readonly rateLimit?: string;
}

async function create(context: Context, options: CreateOptions): Promise<void> {
  const owner = await requireOwner(context, options);
  const { name, scopes, expires, networks, rateLimit, json } = options;
  const made = await createApiToken(
    context,
    {
      name,
      owner,
      scopes: parseScopeList(scopes),
      expiresAt: expires === undefined ? null : parseExpiry(expires, context.now()),
      allowedNetworks: networks === undefined ? null : parseList(networks),
      rateLimit: rateLimit === undefined ? null : parseWhole(rateLimit, '--rate-limit'),
    },
    {},
  );
  printSecret('Created', made, json);
}

async function list(context: Context, options: OwnerOptions & Output & { all?: boolean }): Promise<void> {
  const owner = await findOwner(context, options);
  const tokens = await listApiTokens(context, { owner, isOpen: !options.all, take: mostListed });
  if (options.json) return printJson(tokens.map(describeToken));
  process.stdout.write(renderTokens(tokens, context.now()));
  if (tokens.length === mostListed)
    process.stderr.write(`Only the newest ${mostListed} are shown; name a --user or an --organization.\n`);
}

async function rotate(context: Context, id: string, options: Output & { overlap?: string }): Promise<void> {
  const overlapMinutes = options.overlap === undefined ? 0 : parseWhole(options.overlap, '--overlap');
  const made = await rotateApiToken(context, { id: requireTokenId(id), overlapMinutes }, {});
  printSecret('Rotated', made, options.json);
}

async function revoke(context: Context, id: string, options: Output): Promise<void> {
  const token = await revokeApiToken(context, requireTokenId(id), {});
  if (options.json) return printJson(describeToken(token));
  process.stdout.write(`Revoked the token ${encodeId('ApiToken', token.id)} (${token.name}).\n`);
}

async function requireOwner(context: Context, options: OwnerOptions): Promise<TokenOwner> {
  const owner = await findOwner(context, options);
  if (owner === null) throw new UsageError('Say whose token it is: --user or --organization.');
  return owner;
}

function requireTokenId(text: string): string {
  const id = readId(text, 'ApiToken');
  if (id === null) throw new UsageError(`${text} is no id of a token; \`usergraph token list\` shows them.`);
  return id;
}

/** The one time that the secret is seen. */
function printSecret(
  what: string,
  { secret, apiToken }: { secret: string; apiToken: ApiToken },
  json = false,
): void {
  if (json) {
    printJson({ ...describeToken(apiToken), secret });
    return;
  }
  const id = encodeId('ApiToken', apiToken.id);
  const until = apiToken.expiresAt.toISOString().slice(0, 10);
  process.stdout.write(
    `${what} the token ${id} (${apiToken.name}), which ends on ${until}:\n\n  ${secret}\n\nIt is shown this once.\n`,
  );
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function tokenCommand(): Command {
  const token = new Command('token').description('make, list, rotate and revoke API tokens');
  const named = (name: string, description: string) => token.command(name).description(description);
  const withOwner = (command: Command) =>
    command
      .option('--user <login or id>', 'an account, by username, e-mail address or id')
      .option('--organization <sub-domain or id>', 'an organization')
      .option('--json', 'print JSON');
  withOwner(named('create', 'make a token; its secret is printed this once'))
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--scopes <list>', 'what it may be used for, with commas: profile,data:read')
    .option('--expires <when>', 'when it stops working: 90d, or a date such as 2030-01-31 (a year)')
    .option('--networks <list>', 'from where it may be used, with commas: 192.0.2.0/24,2001:db8::/32')
    .option('--rate-limit <number>', 'how many requests a minute it may make')
    .action((options: CreateOptions) => run((context) => create(context, options)));
  withOwner(named('list', 'list tokens that work, the newest first'))
    .option('--all', 'expired and revoked ones, too')
    .action((options: OwnerOptions) => run((context) => list(context, options)));
  named('rotate', 'give a token a new secret')
    .argument('<id>')
    .option('--overlap <minutes>', 'how long the secret before still works, up to 1440 (not at all)')
    .option('--json', 'print JSON')
    .action((id: string, options: Output) => run((context) => rotate(context, id, options)));
  named('revoke', 'end a token at once')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string, options: Output) => run((context) => revoke(context, id, options)));
  return token;
}

const run = (work: (context: Context) => Promise<void>) => reportErrors(() => atConsole(work))(undefined);
