import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../../setup/app.ts';
import { codeSentTo, hiddenField, openBrowser, readable, submit } from '../../setup/pages.ts';

let open: TestApp;
let invite: TestApp;
let closed: TestApp;
beforeAll(async () => {
  [open, invite, closed] = await Promise.all([
    openTestApp({ env: { SIGN_UP: 'open' } }),
    openTestApp({ env: { SIGN_UP: 'invite' } }),
    openTestApp({ env: { SIGN_UP: 'closed' } }),
  ]);
});
afterAll(() => Promise.all([open, invite, closed].map((app) => app?.close())));

const somebody = () => {
  const username = `new-${randomUUID().slice(0, 8)}`;
  return { name: 'New Person', username, email: `${username}@example.com`, password: 'three copper bells' };
};

describe('signing up', () => {
  it('makes an account, signs in to it, and has its address verified', async () => {
    const form = somebody();
    const browser = openBrowser(open);
    const page = await submit(browser, '/sign-up', form);
    expect(page.url.pathname).toBe('/account/verify');
    expect(readable(page)).toContain(`A code that is sent to ${form.email}`);
    expect(
      browser
        .cookies()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['token', 'usergraph_session']);
    const code = await codeSentTo(open, form.email);
    const done = await submit(browser, '/account/verify', { email: hiddenField(page, 'email') ?? '', code });
    expect(readable(done)).toContain(`${form.email} verified`);
  });

  it('needs an address and a password alone, and goes on to where the person was', async () => {
    const { email, password } = somebody();
    const browser = openBrowser(open);
    const asked = await browser.visit('/sign-up?return_to=%2Fdevice');
    const form = {
      name: '',
      username: '',
      email,
      password,
      return_to: hiddenField(asked, 'return_to') ?? '',
    };
    expect((await submit(browser, '/sign-up', form)).url.pathname).toBe('/device');
  });

  it('tells all problems at once, each at its field, and keeps what was typed', async () => {
    const form = { ...somebody(), email: 'no address', username: 'not/allowed', password: 'short' };
    const browser = openBrowser(open);
    const page = await submit(browser, '/sign-up', form);
    expect(page.status).toBe(422);
    for (const field of ['email', 'username', 'password'])
      expect(page.text).toContain(`<a href="#${field}">`);
    expect(page.text).toContain('E-mail address must be an e-mail address');
    expect(page.text).toContain('value="not/allowed"');
    expect(page.text).not.toContain('"short"');
    expect(browser.cookies()).toEqual([]);
  });

  it('is refused under a name that somebody has', async () => {
    const page = await submit(openBrowser(open), '/sign-up', { ...somebody(), username: 'ada' });
    expect(page.status).toBe(409);
    expect(page.text).toContain('<a href="#username">Another account uses this name to sign in.</a>');
  });
});

describe('signing up by invitation', () => {
  const createInvitation =
    'mutation { createInvitation(input: {}) { ... on CreateInvitationSuccess { secret } } }';

  it('takes the invitation, once, and shows it no more', async () => {
    const data = (await (await invite.as('admin')).run(createInvitation)) as {
      createInvitation: { secret: string };
    };
    const { secret } = data.createInvitation;
    expect((await openBrowser(invite).visit('/sign-up')).text).toContain('id="invitation"');
    const refused = await submit(openBrowser(invite), '/sign-up', {
      ...somebody(),
      password: 'short',
      invitation: secret,
    });
    expect(refused.status).toBe(422);
    expect(refused.text).not.toContain(secret);
    const done = await submit(openBrowser(invite), '/sign-up', { ...somebody(), invitation: ` ${secret} ` });
    expect(done.url.pathname).toBe('/account/verify');
    const again = await submit(openBrowser(invite), '/sign-up', { ...somebody(), invitation: secret });
    expect(again.status).toBe(403);
  });

  it.each(['', 'nonsense'])('is refused with %j', async (invitation) => {
    const browser = openBrowser(invite);
    const page = await submit(browser, '/sign-up', { ...somebody(), invitation });
    expect([page.status, page.text.includes('role="alert"')]).toEqual([403, true]);
    expect(browser.cookies()).toEqual([]);
  });
});

it('where nobody may, signing up is a page that says so', async () => {
  const browser = openBrowser(closed);
  for (const page of [await browser.visit('/sign-up'), await submit(browser, '/sign-up', somebody())]) {
    expect(page.status).toBe(403);
    expect(readable(page)).toContain('Nobody can make an account here by themselves.');
    expect(page.text).not.toContain('<form');
  }
});
