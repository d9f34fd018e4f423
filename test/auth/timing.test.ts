import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const rounds = 50;
const tolerance = 0.1;
/** A busy machine makes single measurements differ by chance; what tells on an account differs in all of them. */
const attempts = 12;

type Question = () => Promise<void>;

/** The 95th percentile of how long each question took, asked in turns so that all meet the same machine. */
async function measure(questions: readonly Question[], between: () => Promise<unknown>): Promise<number[]> {
  const series = questions.map((ask) => ({ ask, times: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { ask, times } of round % 2 === 0 ? series : series.toReversed()) {
      await between();
      const started = performance.now();
      await ask();
      times.push(performance.now() - started);
    }
  }
  return series.map(({ times }) => times.toSorted((a, b) => a - b)[Math.ceil(rounds * 0.95) - 1] ?? 0);
}

/** Expects of every other question a measurement in which it took as long as the one about a known account. */
async function expectSameTime(
  known: Question,
  others: Record<string, Question>,
  between: () => Promise<unknown> = async () => {},
): Promise<void> {
  for (const [name, other] of Object.entries(others)) {
    const seen: string[] = [];
    for (let isSame = false; !isSame; ) {
      const [a = 0, b = 0] = await measure([known, other], between);
      isSame = Math.abs(a - b) <= tolerance * Math.max(a, b);
      seen.push(`${a.toFixed(2)} and ${b.toFixed(2)} ms`);
      if (!isSame && seen.length === attempts)
        expect.fail(`${name} is told from known by the time of the answer:\n${seen.join('\n')}`);
    }
  }
}

let asked = 0;

/** A mutation that must answer with this type, whatever the account. */
function question(mutation: string, result: string, input: () => Record<string, string>): Question {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`;
  return async () => {
    asked += 1;
    const { data } = await app.anonymous.send(document, { input: input() });
    expect(data).toEqual({ [mutation]: { __typename: result } });
  };
}

describe('the 95th percentile of the time of an answer tells nobody whether there is such an account', () => {
  it('when a sign-in fails', async () => {
    const attempt = (login: string) =>
      question('signIn', 'InvalidCredentialsError', () => ({ login, password: `wrong ${asked}` }));
    await expectSameTime(attempt('ada'), {
      unknown: attempt('nobody-at-all'),
      'without a password': attempt('linus@example.com'),
      suspended: attempt('margaret'),
    });
  }, 240_000);

  it('when a new password is asked for', async () => {
    const request = (login: string) =>
      question('requestPasswordReset', 'RequestPasswordResetSuccess', () => ({ login }));
    // What is done for an account is done after its answer, and must not be counted to the next one.
    // Each code goes to another address, as those for one address are few.
    const settle = async () => {
      await setTimeout(15);
      const { prisma } = app.database;
      await prisma.challenge.deleteMany();
      await prisma.email.updateMany({
        where: { user: { username: 'ada' }, isDefault: true },
        data: { address: `ada-${asked}@example.com` },
      });
    };
    await expectSameTime(request('ada'), { unknown: request('nobody-at-all') }, settle);
    expect(app.sent.length).toBeGreaterThan(rounds / 2);
  }, 240_000);

  it('when the code for a new password is wrong', async () => {
    const attempt = (login: string) =>
      question('resetPassword', 'InvalidCodeError', () => ({
        login,
        code: 'AAAA-BBBB-CCCC',
        newPassword: `never to be set ${asked}`,
      }));
    await expectSameTime(attempt('grace'), { unknown: attempt('nobody-at-all') });
  }, 240_000);
});
