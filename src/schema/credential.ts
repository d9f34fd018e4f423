/** What a request says by who it is from. */
import type { NodeType } from '../domain/ids.ts';
import type { Credential } from '../domain/policy.ts';
import { builder } from './builder.ts';

export const CredentialKind = builder.enumType('CredentialKind', {
  description: 'How a request says who it is from.',
  values: {
    ANONYMOUS: { description: 'It does not.' },
    SESSION: { description: "By a session's token, or an access token of the session." },
    API_TOKEN: { description: 'By an API token, or an access token that was exchanged for it.' },
    CAPABILITY_TOKEN: { description: 'By a short-lived token that an organization signed itself.' },
    EXTERNAL_TOKEN: { description: 'By an access token of another issuer that the operator trusts.' },
    CONSOLE: { description: "By the operator, at the server's command line." },
    SYSTEM: { description: 'By the server itself, in the background.' },
  } as const,
});

const restsOn: Record<Credential['kind'], NodeType | null> = {
  ANONYMOUS: null,
  SESSION: 'Session',
  API_TOKEN: 'ApiToken',
  CAPABILITY_TOKEN: 'SigningKey',
  EXTERNAL_TOKEN: 'OAuthIdentity',
  CONSOLE: null,
  SYSTEM: null,
};

/** What a credential of this kind rests on; null where it rests on nothing that has an id. */
export function credentialOwner(kind: Credential['kind'], id: string | null) {
  const type = restsOn[kind];
  return id === null || type === null ? null : { type, id };
}
