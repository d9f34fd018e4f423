import { signOut } from '../../domain/sessions.ts';
import { goTo } from './answer.ts';
import { clearedCookies } from './cookies.ts';
import { withNotice } from './notices.ts';
import { linkWithReturn, readReturnTo } from './return-to.ts';
import { type AccountPage, personOf } from './visit.ts';

/** Ends the session of the browser; whoever has none is signed out already. */
export const signOutPage: AccountPage = {
  needsPerson: false,
  async post(visit, form) {
    if (personOf(visit.context) !== null) await signOut(visit.context);
    const returnTo = readReturnTo(form.get('return_to'));
    const next = linkWithReturn(visit, '/sign-in', returnTo);
    return goTo(returnTo === null ? withNotice(next, 'signed-out') : next, clearedCookies());
  },
};
