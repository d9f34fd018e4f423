import { type Case, nobody, ok, viewer } from './case.ts';
import { comparable, selectionOf, translate } from './mapping.ts';
import { katapultCurrent } from './views.ts';

const current = (path: string): Case => ({
  dialect: 'katapult',
  route: 'GET /users/current',
  subject: path,
  call: () => ({ path }),
  document: `{ ${viewer} found: viewer { ${selectionOf(katapultCurrent)} } }`,
  read: (reader) => {
    const { found } = reader.data;
    return found.user === null ? nobody(reader) : ok(translate(katapultCurrent, found));
  },
  tell: ({ body }) => comparable(katapultCurrent, body),
});

export const katapultCases: readonly Case[] = ['/users/current', '/core/v1/users/current'].map(current);
