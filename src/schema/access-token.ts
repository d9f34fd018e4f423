import type { AccessToken as Issued } from '../auth/access-tokens.ts';
import { builder } from './builder.ts';

export const AccessToken = builder.objectRef<Issued>('AccessToken').implement({
  description:
    'A short-lived credential: a JWT (RFC 9068), for `Authorization: Bearer …`. It ends with what it was issued for, if that ends earlier.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'The token.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it stops working.' }),
    expiresIn: t.exposeInt('expiresIn', { description: 'In how many seconds that is.' }),
  }),
});
