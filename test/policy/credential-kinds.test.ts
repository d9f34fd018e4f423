/** The policy's table, with every other kind of credential that an actor can have. */
import { afterAll, describe } from 'vitest';
import { signerFor } from '../setup/access-tokens.ts';
import { type Operation, operations } from './operations.ts';
import { asAccessToken, asClientToken, asExternalToken, startIssuer } from './presentations.ts';
import { describeTable } from './run-table.ts';
import type { Outcome } from './table.ts';

const programs = ['anon', 'svc', 'org', 'weak', 'rvkd'] as const;
const issuer = await startIssuer();
afterAll(() => issuer.close());

describe('with an access token', () => {
  describeTable({
    present: (app) => asAccessToken(app.database.prisma, signerFor(app)),
    without: ['anon'],
  });
});

describe('with the access token of a client', () => {
  describeTable({
    present: (app) => asClientToken(app.database.prisma, signerFor(app)),
    otherwise: forPersonsOnly,
    without: programs,
  });
});

describe("with another issuer's access token", () => {
  describeTable({
    env: { TRUSTED_ISSUERS: issuer.setting },
    present: (app) => asExternalToken(app.database.prisma, issuer),
    otherwise: (operation, outcome) =>
      operation.name === 'signOut' ? 'FORBIDDEN' : forPersonsOnly(operation, outcome),
    without: [...programs, 'susp', 'expd'],
  });
});

/** What only the person itself may do, with a session of its own, is FORBIDDEN to whatever it handed a credential to. */
function forPersonsOnly({ name }: Operation, outcome: Outcome): Outcome {
  const isForPersons = operations.some((operation) => operation.name === name && operation.isForPersons);
  return isForPersons && outcome === 'ok' ? 'FORBIDDEN' : outcome;
}
