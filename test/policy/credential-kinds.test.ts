/** The policy's table, with every other kind of credential that an actor can have. */
import { afterAll, describe } from 'vitest';
import { signerFor } from '../setup/access-tokens.ts';
import type { ActorName } from './actors.ts';
import type { Operation } from './operations.ts';
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
    otherwise: (operation, outcome, actor) =>
      operation.name === 'signOut' || (leadsOn(operation) && outcome === 'ok')
        ? 'FORBIDDEN'
        : forPersonsOnly(operation, outcome, actor),
    without: [...programs, 'susp', 'expd'],
  });
});

/** Nothing here ends with the token of another issuer, so nothing is opened by it, and nothing handed out. */
const leadsOn = ({ name }: Operation) => /^(delegatedToken|exportUser)/.test(name);

/** What only the person itself may do, with a session of its own, is FORBIDDEN to whatever it handed a credential to. */
function forPersonsOnly({ name, isForPersons }: Operation, outcome: Outcome, actor: ActorName): Outcome {
  const outlasts = name.startsWith('rotateApiToken'); // the secret of a token that is good for longer
  const isRefused =
    outlasts ||
    isForPersons === true ||
    (isForPersons === 'to itself' && actor === 'self') ||
    (isForPersons === 'by an owner' && actor === 'owner');
  return isRefused && ['ok', 'INVALID_CREDENTIALS', 'INVALID_CODE'].includes(outcome) ? 'FORBIDDEN' : outcome;
}
