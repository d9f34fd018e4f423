/** Every REST operation and the operation of the graph that does the same: the same facts, and the same permission. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { imitations } from '../../src/rest/dialects.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { birdCases } from './parity/bird.ts';
import { type Case, isWrite, nameOf, routeOf } from './parity/case.ts';
import { differences, type Ground } from './parity/compare.ts';
import { watchEffects } from './parity/effects.ts';
import { katapultCases } from './parity/katapult.ts';
import { type Mapping, withoutCounterpart } from './parity/mapping.ts';
import { sweatstackCases } from './parity/sweatstack.ts';
import * as views from './parity/views.ts';
import { exceptions } from './parity/words.ts';
import { askers, createWorld } from './parity/world.ts';
import { zenmlCases } from './parity/zenml.ts';

const cases: readonly Case[] = [...zenmlCases, ...sweatstackCases, ...katapultCases, ...birdCases];

let app: TestApp;
let ground: Ground;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
  const world = await createWorld(app.database);
  await app.fetch('/.well-known/jwks.json'); // makes the key that tokens are signed with
  ground = { app, world, effects: await watchEffects(app.database), heard: [] };
});
afterAll(() => app.close());

/** What there is for devices only, which the graph is not for. */
const withoutGraph = ['zenml POST /auth/device_authorization'];

test('every route of every dialect of a vendor is compared, and no case twice', () => {
  const all = imitations.flatMap(({ name, routes }) =>
    routes.map(({ method, path }) => `${name} ${method} ${path}`),
  );
  const routes = all.filter((route) => !withoutGraph.includes(route));
  expect([...new Set(cases.map(routeOf))].sort()).toEqual(routes.sort());
  expect(new Set(cases.map(nameOf)).size).toBe(cases.length);
});

test('a world that was brought back is the same to the last byte', async () => {
  await app.database.prisma.user.delete({ where: { id: ground.world.uuids.stranger } });
  expect(await ground.effects.isUnchanged()).toBe(false);
  expect(await ground.effects.take()).not.toEqual([]);
  expect(await ground.effects.isUnchanged()).toBe(true);
});

/** Each view, with all of its fields that have no counterpart in the graph. */
const viewsOf = [
  { name: 'zenml User', mapping: views.zenmlUser, without: ['password', 'password_expired'] },
  { name: 'zenml Token', mapping: views.zenmlToken, without: ['token_type', 'device_id', 'device_metadata'] },
  { name: 'sweatstack PrincipalToken', mapping: views.sweatstackToken, without: ['refresh_token'] },
  {
    name: 'sweatstack DelegatedToken',
    mapping: views.sweatstackDelegated,
    without: ['token_type', 'refresh_token'],
  },
  { name: 'sweatstack UserInfo', mapping: views.sweatstackInfo, without: [] },
  { name: 'sweatstack UserSummary', mapping: views.sweatstackSummary, without: [] },
  { name: 'sweatstack UserResponse', mapping: views.sweatstackUser, without: [] },
  { name: 'katapult CurrentUser', mapping: views.katapultCurrent, without: [] },
  { name: 'bird Profile', mapping: views.birdProfile, without: ['emails.passwordSet'] },
  { name: 'bird Session', mapping: views.birdSession, without: ['country', 'region', 'city'] },
];

test.each(viewsOf)(
  'every field of $name is mapped, all but $without to the graph',
  ({ name, mapping, without }) => {
    const [dialect, schema = ''] = name.split(' ');
    expectSameFields(mapping, imitations.find((one) => one.name === dialect)?.schemas[schema]);
    expect(withoutCounterpart(mapping)).toEqual(without);
  },
);

/** In the same order, and in the parts of a view too. */
function expectSameFields(mapping: Mapping, schema: z.ZodType | undefined): void {
  const { shape = {} } = (schema instanceof z.ZodArray ? schema.element : schema) as z.ZodObject;
  expect(Object.keys(mapping)).toEqual(Object.keys(shape));
  for (const [name, fact] of Object.entries(mapping))
    if (fact?.inner) expectSameFields(fact.inner, shape[name]);
}

test('every exception is of cases and askers that there are', () => {
  const known = new Set(cases.map((one) => `${routeOf(one)} ${one.subject}`));
  for (const { route, subjects, askers: who } of exceptions) {
    expect(subjects.filter((subject) => !known.has(`${route} ${subject}`))).toEqual([]);
    expect(who.filter((asker) => !askers.includes(asker))).toEqual([]);
  }
});

describe.each(imitations.map(({ name }) => name))(
  '%s tells everyone what the graph tells, and does what it does',
  (name) => {
    const own = cases.filter(({ dialect }) => dialect === name);
    test.each(own.map((one) => [one.route, one.subject, one] as const))(
      '%s: %s',
      async (_route, _subject, one) => {
        const found: string[] = [];
        for (const asker of askers) found.push(...(await differences(ground, one, asker)));
        expect(found.join('\n')).toBe('');
        if (!isWrite(one)) expect(await ground.effects.isUnchanged()).toBe(true);
      },
    );
  },
);

test('every route was allowed to some and refused to others', ({ skip }) => {
  const { heard } = ground;
  if (heard.length < cases.length * askers.length) skip('not all cases have run');
  for (const route of new Set(cases.map(routeOf))) {
    const words = heard.filter((one) => one.route === route).map(({ word }) => word);
    expect(words, route).toContain('ok');
    expect(new Set(words).size, route).toBeGreaterThan(1);
  }
});
