/** What accounts ask about themselves again and again, and what it costs them. */
import { expect } from 'vitest';
import type { countStatements } from '../graphql/statement-counter.ts';
import type { TestApp } from '../setup/app.ts';
import { eventually } from '../subscriptions/stream.ts';

type App = Pick<TestApp, 'call'>;

export const me = `{ me { displayName username firstName lastName bio isSuperuser version email phoneNumber
  grantedScopes viewerCanUpdate oauthProvider metadata locale
  emails { address verifiedAt isDefault } phoneNumbers { number isPrimary } identities { provider subject }
  organization { name } organizations { edges { role node { name subDomain } } } } }`;
export const viewer = `{ viewer { user { displayName email isSuperuser } credential { kind id scopes expiresAt }
  organizations { role organization { name subDomain } } } }`;

export interface Asked {
  readonly status: number;
  readonly text: string;
}

type Question = (app: App, token: string) => Promise<Asked>;
const said = ({ status, text }: Asked): Asked => ({ status, text });
const graphql =
  (query: string): Question =>
  async ({ call }, token) =>
    said(await call('POST', '/graphql', { token, json: { query } }));
const rest =
  (path: string): Question =>
  async ({ call }, token) =>
    said(await call('GET', path, { token }));

/** All that is kept of the account itself, as each surface asks for it. */
export const questions = {
  me: graphql(me),
  viewer: graphql(viewer),
  '/me': rest('/me'),
  '/core/v1/users/current': rest('/core/v1/users/current'),
  '/users/me': rest('/users/me'),
} as const;
export type Surface = keyof typeof questions;
export const surfaces = Object.keys(questions) as Surface[];
export const ask = (app: App, surface: Surface, token: string) => questions[surface](app, token);

/** Asks all questions until they are kept, and gives what they say. */
export async function keep(app: App, token: string): Promise<Record<Surface, Asked>> {
  const answers = {} as Record<Surface, Asked>;
  for (const surface of surfaces) {
    const first = await ask(app, surface, token);
    await ask(app, surface, token); // GraphQL goes the short way from the second time on, and keeps then
    const third = await ask(app, surface, token);
    expect(third, surface).toEqual(first);
    answers[surface] = third;
  }
  return answers;
}

/** Waits until this app hears of changes, so that it keeps anything: on a server it takes a moment, and again after a pause. */
export async function untilKept(
  app: App,
  { during }: ReturnType<typeof countStatements>,
  token: string,
): Promise<void> {
  await eventually(async () => (await during(() => ask(app, 'me', token))).all.length === 0, 25_000);
}
