/** An app that people sign in to with a real OpenID provider, and browsers to do so with. */
import { openTestApp } from './app.ts';
import { type CookieBrowser, createCookieBrowser } from './cookie-browser.ts';
import { clientSecret, startOidcProvider } from './oidc-provider.ts';

/** How browsers reach the app. */
export const origin = 'http://usergraph.test';
export const callbackOf = (name: string): string => `${origin}/sign-in/${name}/callback`;

export interface Somebody {
  readonly subject: string;
  readonly email: string;
  readonly claims: Record<string, unknown>;
}

export interface Me {
  readonly id: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly version: number;
  readonly identities: readonly { id: string; provider: string; subject: string; isPrimary: boolean }[];
}

const me = `{ me { id version username name email emails { address isDefault isVerified }
  identities { id provider subject isPrimary email name avatarUrl } avatarUrl locale } }`;

export type OidcWorld = Awaited<ReturnType<typeof openOidcWorld>>;

/** What `OIDC_PROVIDERS` says, for a provider at this issuer. */
type Providers = (issuer: string) => readonly object[];

/** The provider `corp` makes accounts here; `partner`, the same one by another name, does not. */
const corpAndPartner: Providers = (issuer) => [
  { name: 'corp', label: 'Corp', issuer, clientId: 'corp', clientSecret },
  { name: 'partner', label: 'Partner', issuer, clientId: 'partner', clientSecret, signUp: false },
];

export async function openOidcWorld(providers: Providers = corpAndPartner) {
  const clients = ['corp', 'partner'].map((name) => ({ clientId: name, redirectUri: callbackOf(name) }));
  const idp = await startOidcProvider({ clients });
  const app = await openTestApp({
    env: { PUBLIC_URL: origin, OIDC_PROVIDERS: JSON.stringify(providers(idp.issuer)) },
  });
  const openBrowser = () =>
    createCookieBrowser(origin, (url, init) => app.fetch(url.pathname + url.search, init));
  let count = 0;

  return {
    app,
    idp,
    openBrowser,

    /** Somebody new at the provider, with a verified address of their own. */
    somebody(claims: Record<string, unknown> = {}): Somebody {
      count += 1;
      const email = `person${count}@corp.example`;
      const subject = `subject-${count}`;
      return { subject, email, claims: { email, email_verified: true, name: `Person ${count}`, ...claims } };
    },

    /** Signs in at the provider as this person, and comes back. */
    async signIn(
      person: Pick<Somebody, 'subject' | 'claims'>,
      { path = '/sign-in/corp', browser = openBrowser() } = {},
    ) {
      idp.signInAs(person.subject, person.claims);
      const page = await browser.visit(path, { until: ({ pathname }) => pathname === '/account' });
      return { page, browser };
    },

    /** Goes to the provider, and stops before coming back. @returns the URL of the way back */
    async leave(
      browser: CookieBrowser,
      person: Pick<Somebody, 'subject' | 'claims'>,
      path = '/sign-in/corp',
    ) {
      idp.signInAs(person.subject, person.claims);
      const { url } = await browser.visit(path, { until: ({ pathname }) => pathname.endsWith('/callback') });
      return url.href;
    },

    /** Who the browser is signed in as; null for nobody. */
    async whoIs(browser: CookieBrowser): Promise<Me | null> {
      const token = browser.cookie('usergraph_session')?.value;
      if (token === undefined) return null;
      return ((await app.withToken(token).run(me)) as { me: Me }).me;
    },

    /** Takes a session of the app into a browser. */
    adopt(browser: CookieBrowser, token: string | null): void {
      const host = new URL(origin).host;
      browser.put({ host, name: 'usergraph_session', value: token ?? '', path: '/', text: '' });
    },

    /** How many rows there are of what a sign-in can write. */
    async rows() {
      const { prisma } = app.database;
      return {
        users: await prisma.user.count(),
        emails: await prisma.email.count(),
        identities: await prisma.oAuthIdentity.count(),
        sessions: await prisma.session.count(),
      };
    },

    async close() {
      await app.close();
      await idp.close();
    },
  };
}
