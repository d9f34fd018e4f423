import { dictionary } from '@zxcvbn-ts/language-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, signIn, type TestApp } from '../setup/app.ts';
import { addPerson } from '../setup/pages.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const changePassword = `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) {
  __typename ... on InvalidInputError { problems { code message } } } }`;

async function change(login: string, currentPassword: string, newPassword: string) {
  const client = app.withToken(await signIn(app.anonymous, login, currentPassword));
  const input = { currentPassword, newPassword };
  const data = (await client.run(changePassword, { input })) as {
    changePassword: { __typename: string; problems?: { code: string; message: string }[] };
  };
  return data.changePassword;
}

const opens = async (login: string, password: string) =>
  signIn(app.anonymous, login, password).then(
    () => true,
    () => false,
  );

/** What somebody may choose, and what is almost the same and must not do. */
const choices: [string, string, string[]][] = [
  ['of eight small letters', 'qvzkxwjp', ['QVZKXWJP', 'qvzkxwj', 'qvzkxwjpp']],
  ['of eight digits', '40817265', ['4081726', '408172650']],
  ['of 256 characters', `${'long '.repeat(51)}a`, [`${'long '.repeat(51)}b`, 'long '.repeat(51)]],
  ['of spaces around words', '  open the gate  ', ['open the gate', ' open the gate ', '  open  the gate  ']],
  ['of other scripts', 'пароль мой 秘密 🔐', ['Пароль мой 秘密 🔐', 'пароль мой 秘密']],
  ['of composed letters', 'caf\u00e9 s\u00fc\u00df ol\u00e9', ['cafe\u0301 su\u0308\u00df ole\u0301']],
  ['of markup and quotes', `<b>"it's" & \\ %00 \${x}</b>`, [`"it's" & \\ %00 \${x}`]],
];

describe('a password that its owner chooses', () => {
  it.each(choices)('may be one %s, and only that opens the account', async (_what, chosen, similar) => {
    const { username, password } = await addPerson(app);
    expect(await change(username, password, chosen)).toMatchObject({ __typename: 'ChangePasswordSuccess' });
    for (const other of similar) expect([other, await opens(username, other)]).toEqual([other, false]);
    expect(await opens(username, chosen)).toBe(true);
  });

  it('is good for as long as its owner likes', async () => {
    const { username, password } = await addPerson(app);
    app.clock.offset += 20 * 366 * 24 * 60 * 60 * 1000;
    expect(await opens(username, password)).toBe(true);
    app.clock.offset = 0;
  });

  it('is none of the thousands that attackers try first', async () => {
    const fitting = dictionary['passwords-common'].filter(({ length }) => length >= 8);
    expect(fitting.length).toBeGreaterThan(3000);
    const { username, password } = await addPerson(app);
    const tried = fitting.filter((_, index) => index < 3000 && index % 250 === 0);
    for (const common of [...tried, ...tried.map((one) => one.toUpperCase())])
      expect(await change(username, password, common), common).toMatchObject({
        problems: [{ code: 'NOT_ALLOWED', message: 'is among the passwords that attackers try first' }],
      });
    expect(await opens(username, password)).toBe(true);
  });
});
