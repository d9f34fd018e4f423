/** After a run of everything that has to do with a secret, none is anywhere but where it belongs. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { secretPrefixes } from '../../src/auth/secrets.ts';
import { redirectUri } from '../oauth/provider.ts';
import { readEverything } from '../policy/database-text.ts';
import { testSecret } from '../setup/app.ts';
import { type FakeIssuer, startFakeIssuer } from '../setup/fake-issuer.ts';
import { audience } from '../setup/oidc-provider.ts';
import { stolenKey } from './forge.ts';
import { driveBrokenTables } from './no-secrets/broken-tables.ts';
import { driveGraph, viewer } from './no-secrets/graph-flows.ts';
import { sendMalformedForms } from './no-secrets/malformed-forms.ts';
import { sendMalformedGraph } from './no-secrets/malformed-operations.ts';
import { driveOAuth } from './no-secrets/oauth-flows.ts';
import { drivePages } from './no-secrets/page-flows.ts';
import { newPasswordOf } from './no-secrets/people.ts';
import type { Place, Secret } from './no-secrets/registry.ts';
import { driveRest } from './no-secrets/rest-flows.ts';
import { failuresIn, kindOf, openRun, type Run, redirectsIn } from './no-secrets/run.ts';

let issuer: FakeIssuer;
let run: Run;
/** What was written past the log. */
const printed: string[] = [];

beforeAll(async () => {
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
    vi.spyOn(console, method).mockImplementation(
      (...parts) => void printed.push(parts.map(String).join(' ')),
    );
  issuer = await startFakeIssuer();
  run = await openRun({
    TRUSTED_ISSUERS: JSON.stringify([{ name: 'corp', issuer: issuer.issuer, audience }]),
  });
  await driveEverything();
}, 300_000);
afterAll(async () => {
  vi.restoreAllMocks();
  await run?.app.close();
  await issuer?.close();
});

async function driveEverything() {
  run.keep('the secret of the server', testSecret);
  const { person, apiToken, capability } = await driveGraph(run);
  const client = await driveOAuth(run, apiToken);
  await driveRest(run, { person, apiToken, capability });
  await drivePages(run);
  await driveExternalTokens();
  const { privateKey } = await stolenKey(run.app.database, testSecret);
  run.keep("the private member of the server's key", privateKey.export({ format: 'jwk' }).d ?? '');
  const issued = run.secrets.all.filter(({ value }) => /^(ug_ref_|eyJ)/.test(value));
  const kinds = [...new Map(issued.map(({ value }) => [kindOf(value), value])).values()];
  const password = newPasswordOf(run, 'in malformed requests');
  const word = run.keep('a password that is a name', 'CorrectHorseBattery_Staple');
  for (const secret of [password, word, ...kinds]) await sendMalformedGraph(run, secret);
  for (const secret of [password, word, ...kinds]) await sendMalformedForms(run, secret, client);
  await driveBrokenTables(run, { person, client, secrets: [password, ...kinds] });
}

/** Tokens of an issuer that is trusted: for somebody known, for nobody, and one that is over. */
async function driveExternalTokens() {
  const { prisma } = run.app.database;
  const { id: userId } = await prisma.user.findUniqueOrThrow({ where: { username: 'grace' } });
  await prisma.oAuthIdentity.create({
    data: { id: crypto.randomUUID(), userId, provider: 'corp', subject: 'grace' },
  });
  const iat = Math.floor(Date.now() / 1000);
  const good = { iss: issuer.issuer, aud: audience, iat, exp: iat + 3600, sub: 'grace' };
  for (const changed of [{}, { sub: 'nobody' }, { exp: iat - 600 }, { aud: 'https://other.example' }]) {
    const token = run.keep('an external token', await issuer.sign({ ...good, ...changed }));
    await run.app.withToken(token).send(viewer);
    await run.app.call('GET', '/users/me', { token });
  }
}

/** What people and clients type or choose, and the server never tells. */
const isSent = ({ name }: Secret) =>
  /^(the password|a password|a wrong|a code|the private|a symmetric|the secret)/.test(name);

/** A form shows the code of a device again, and a redirect to a client has its state (RFC 6749, RFC 8628). */
const isShownAgain = ({ name }: Secret) => name.startsWith('a user code');

describe('the run', () => {
  it.each([
    'jwt from POST /graphql',
    'ug_cod_ from POST /oauth/authorize',
    'jwt from POST /oauth/token',
    'ug_ref_ from POST /oauth/token',
    'ug_dev_ from POST /oauth/device_authorization',
    'ug_ses_ from POST /auth/login',
    'jwt from GET /api/v1/oauth/principal-token',
    'jwt from POST /api/v1/oauth/delegated-token',
    'jwt from POST /api/v1/oauth/token',
    'ug_ses_ in a cookie from POST /sign-in',
    'jwt in a cookie from POST /sign-up',
  ])('made a %s', (name) => {
    expect(run.secrets.all.map((secret) => secret.name)).toContain(name);
  });

  it('had every kind of secret in it, and told it to whom it is for', () => {
    const names = new Set(run.secrets.all.map(({ name }) => name.replace(/ (of|given|sent|from|in) .*/, '')));
    const opaque = Object.values(secretPrefixes);
    const others = ['jwt', 'a code', 'a code verifier', 'a state', 'a user code', 'a capability token'];
    expect([...names]).toEqual(
      expect.arrayContaining([...opaque, ...others, 'an external token', 'the password']),
    );
    for (const status of [200, 303, 400, 401, 403, 404, 405, 409, 415, 422, 500])
      expect(
        run.seen.some((one) => one.status === status),
        `${status}`,
      ).toBe(true);
  });
});

describe('no secret', () => {
  it('is in the log', () => {
    const lines = [...run.app.logged, ...printed];
    expect(lines.length).toBeGreaterThan(1000);
    expect(run.secrets.leaksIn(lines.map((text) => ({ name: 'the log', text })))).toEqual([]);
  });

  it('is in an error', () => {
    const failures = failuresIn(run.seen);
    expect(failures.length).toBeGreaterThan(1000);
    expect(run.secrets.leaksIn(failures, isShownAgain)).toEqual([]);
  });

  it('that somebody sent is in an answer', () => {
    const sent = (secret: Secret) => !isSent(secret);
    const answers = run.seen.map(({ method, path, text }) => ({
      name: `an answer to ${method} ${path}`,
      text,
    }));
    expect(run.secrets.leaksIn(answers, sent)).toEqual([]);
  });

  it('that was issued is told twice', () => {
    const issued = run.secrets.all.filter(({ name }) => /^(ug_|jwt)/.test(name));
    // A login by an API token is answered with it, as that API has it.
    const answers = run.seen.filter(({ path, status }) => status === 200 && path !== '/auth/login');
    const again = issued.flatMap(({ name, value }) => {
      const told = answers.filter(({ text }) => text.includes(value));
      return told.length > 1 ? [`${name}: ${told.map(({ path }) => path).join(', ')}`] : [];
    });
    expect(again).toEqual([]);
  });

  it('is in a URL, but for the code and the state on their way back to the client', () => {
    const locations = redirectsIn(run.seen);
    const isOnItsWay = ({ name }: Secret, { text }: Place) =>
      text.startsWith(`${redirectUri}?`) && /^(a state|ug_cod_)/.test(name);
    expect(locations.length).toBeGreaterThan(10);
    expect(run.secrets.leaksIn(locations, isOnItsWay)).toEqual([]);
    const links = run.app.sent.flatMap(({ text }) => text.match(/\w+:\/\/\S+/g) ?? []);
    expect(links.length).toBeGreaterThan(3);
    expect(run.secrets.leaksIn(links.map((text) => ({ name: 'a link', text })))).toEqual([]);
  });

  it('is in a message, but for the codes to whom they are for', () => {
    const messages = run.app.sent.map(({ to, subject, text }) => ({ name: to, text: subject + text }));
    expect(messages.length).toBeGreaterThan(5);
    expect(run.secrets.leaksIn(messages, ({ messagedTo }, { name }) => messagedTo === name)).toEqual([]);
  });

  it('is in a column of the database', async () => {
    const rows = await readEverything(run.app.database);
    const places = rows.map(({ table, text }) => ({ name: `the table ${table}`, text }));
    expect(run.secrets.leaksIn(places)).toEqual([]);
    const forms = [/ug_[a-z]{3}_[\w-]{20}/, /eyJ[\w-]+\.[\w-]+\./, /"d\\*": *\\*"/];
    for (const form of forms)
      expect(
        places.filter(({ text }) => form.test(text)),
        `${form}`,
      ).toEqual([]);
  });
});

describe('whatever has the form of a secret', () => {
  it('is in no line of the log and in no error, whether the run knows it or not', () => {
    const texts = [...run.app.logged, ...printed, ...failuresIn(run.seen).map(({ text }) => text)];
    const forms = [/ug_[a-z]{3}_[\w-]{20}/, /eyJ[\w-]{10,}\.[\w-]+\.[\w-]/, /"d\\*": *\\*"/];
    for (const form of forms)
      expect(
        texts.filter((text) => form.test(text)),
        `${form}`,
      ).toEqual([]);
  });
});
