/** What a refused credential is told in `WWW-Authenticate` (RFC 6750, section 3). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const noToken = `Bearer ug_tok_${'A'.repeat(43)}`;

async function ask(authorization: string | null, query = '{ me { id } }') {
  const response = await app.fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization !== null && { authorization }) },
    body: JSON.stringify({ query }),
  });
  const { data, errors = [] } = (await response.json()) as {
    data?: unknown;
    errors?: { extensions: { code: string } }[];
  };
  return {
    status: response.status,
    code: errors[0]?.extensions.code,
    challenge: response.headers.get('www-authenticate'),
    data,
  };
}

async function issueToken(scopes: string, allowedNetworks = '[]'): Promise<string> {
  const ada = await app.as('ada');
  const { createApiToken } = (await ada.run(
    `mutation { createApiToken(input: { name: "t", scopes: [${scopes}], allowedNetworks: ${allowedNetworks} }) {
      ... on CreateApiTokenSuccess { secret } } }`,
  )) as { createApiToken: { secret: string } };
  return `Bearer ${createApiToken.secret}`;
}

describe('the graph', () => {
  it('tells who sent no credential how to authenticate, and of no error', async () => {
    const answer = await ask(null, 'mutation { signOut { __typename } }');
    expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(answer.challenge).toBe('Bearer realm="usergraph"');
  });

  it.each(['Basic YWRhOnVzZXJncmFwaA==', 'Negotiate', 'Bearerx y', 'ug_tok_x'])(
    'tells who came with another scheme (%s) the same, and runs nothing',
    async (authorization) => {
      const answer = await ask(authorization, '{ __typename }');
      expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
      expect(answer.challenge).toBe('Bearer realm="usergraph"');
      expect(answer.data).toBeUndefined();
    },
  );

  it.each([
    noToken,
    `Bearer ug_ses_${'A'.repeat(43)}`,
    'Bearer x',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    'bearer x',
  ])('tells of a token that is no good: %s', async (authorization) => {
    const answer = await ask(authorization, '{ __typename }');
    expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(answer.challenge).toBe(
      'Bearer realm="usergraph", error="invalid_token", error_description="The credential is unknown, expired or revoked."',
    );
    expect(answer.data).toBeUndefined();
  });

  it.each(['Bearer', 'Bearer ', 'Bearer a b', `${noToken}, ${noToken}`, 'Bearer "x y"'])(
    'tells of a header that cannot be read: %s',
    async (authorization) => {
      const answer = await ask(authorization, '{ __typename }');
      expect(answer).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
      expect(answer.challenge).toBe(
        'Bearer realm="usergraph", error="invalid_request", error_description="The Authorization header must be: Bearer <token>."',
      );
      expect(answer.data).toBeUndefined();
    },
  );

  it('tells which scope a token lacks', async () => {
    const answer = await ask(
      await issueToken('PROFILE'),
      'mutation { updateMe(input: { company: "x" }) { __typename } }',
    );
    expect(answer).toMatchObject({ status: 403, code: 'INSUFFICIENT_SCOPE' });
    expect(answer.challenge).toBe(
      'Bearer realm="usergraph", error="insufficient_scope", scope="users:write", error_description="The credential lacks the scope users:write."',
    );
  });

  it('challenges nobody for what no credential would change', async () => {
    const elsewhere = await ask(await issueToken('PROFILE', '["203.0.113.0/24"]'));
    expect([elsewhere.status, elsewhere.challenge]).toEqual([403, null]);
    const malformed = await ask(null, '{ nothing }');
    expect([malformed.code, malformed.challenge]).toEqual(['GRAPHQL_VALIDATION_FAILED', null]);
  });

  it('repeats nothing of the header', async () => {
    for (const authorization of ['Bearer sesame', 'Bearer sesame sesame', 'Basic sesame'])
      expect(JSON.stringify(await ask(authorization))).not.toContain('sesame');
  });
});

describe('a dialect keeps to what its vendor answers', () => {
  it.each([
    ['/users/me', 401, 'Bearer realm="usergraph"'],
    ['/api/v1/users/me', 401, 'Bearer realm="usergraph"'],
    ['/me', 401, 'Bearer realm="usergraph"'],
    ['/users/current', 403, null],
  ])('%s', async (path, status, challenge) => {
    const answer = await app.fetch(path, { headers: { authorization: noToken } });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([status, challenge]);
  });
});
