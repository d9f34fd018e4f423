/** `usergraph audit …`: proves that the audit trail is whole. */
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { type Break, type Head, type Verification, verifyChain } from '../domain/audit-chain.ts';
import { atConsole } from './console.ts';
import { reportErrors } from './report-errors.ts';
import { UsageError } from './usage-error.ts';

interface VerifyOptions {
  readonly from?: string;
  readonly expect?: string;
  readonly json?: boolean;
}

async function verify({ prisma }: Context, { from = '1', expect, json }: VerifyOptions): Promise<void> {
  const begin = parseSequence(from, '--from');
  const found = await verifyChain(prisma, {
    from: begin,
    expect: expect === undefined ? null : parseHead(expect),
  });
  process.stdout.write(json ? `${JSON.stringify(toJson(found), null, 2)}\n` : toText(found));
  if (found.breaks.length > 0) process.exitCode = 1;
}

function parseSequence(text: string, option: string): bigint {
  if (!/^[1-9]\d{0,17}$/.test(text))
    throw new UsageError(`${option}: "${text}" is not a place in the trail.`);
  return BigInt(text);
}

function parseHead(text: string): Head {
  const [, sequence = '', hash = ''] = /^(\d+):([0-9a-f]{64})$/i.exec(text) ?? [];
  if (hash === '')
    throw new UsageError('--expect: write a head as `audit verify` prints it, <sequence>:<hash>.');
  return { sequence: parseSequence(sequence, '--expect'), hash: hash.toLowerCase() };
}

const toJson = ({ events, head, breaks }: Verification) => ({
  events,
  head: head && { sequence: String(head.sequence), hash: head.hash },
  breaks: breaks.map(({ sequence, problem }) => ({
    sequence: sequence === null ? null : String(sequence),
    problem,
  })),
});

function toText({ events, head, breaks }: Verification): string {
  if (breaks.length > 0) return `The audit trail is not whole:\n${breaks.map(describe).join('')}`;
  if (head === null) return 'The audit trail holds no events.\n';
  return `The audit trail is whole: ${events} events. Its head, to note elsewhere:\n${head.sequence}:${head.hash}\n`;
}

const describe = ({ sequence, problem }: Break) =>
  `  ${sequence === null ? '' : `event ${sequence}: `}${problem}\n`;

export function auditCommand(): Command {
  const audit = new Command('audit').description('verify the audit trail');
  audit
    .command('verify')
    .description('compute the chain of the audit trail anew; exits with 1 where it is broken')
    .option('--from <sequence>', 'begin at this event, and believe the one before')
    .option('--expect <sequence:hash>', 'a head that was noted earlier, which must still be there')
    .option('--json', 'print JSON')
    .action((options: VerifyOptions) =>
      reportErrors(() => atConsole((context) => verify(context, options)))(undefined),
    );
  return audit;
}
