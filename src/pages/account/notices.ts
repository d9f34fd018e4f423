/** What a page says has just happened: the URL only names it, so nobody can put words into our mouth. */
const notices = {
  'signed-out': 'You are signed out.',
  'password-changed': 'Your password is changed, and all other sessions are ended.',
  'password-reset': 'Your password is changed, and all sessions are ended. Sign in with the new one.',
  'session-ended': 'The session is ended.',
  'app-disconnected': 'The app is disconnected: it can no longer act for you.',
  'identity-unlinked': 'It is unlinked: nobody can sign in with it any more.',
  'email-verified': 'The e-mail address is verified.',
  'organization-joined': 'You are a member of the organization.',
  'code-sent': 'A code is on its way to you.',
} as const;

export type Notice = keyof typeof notices;

export function noticeOf({ searchParams }: URL): string | null {
  const name = searchParams.get('notice') ?? '';
  return Object.hasOwn(notices, name) ? notices[name as Notice] : null;
}

export const withNotice = (path: string, notice: Notice): string =>
  `${path}${path.includes('?') ? '&' : '?'}notice=${notice}`;
