import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Dialect, defineDialect, type Failure, failuresOf, route } from '../../src/rest/dialect.ts';
import { openApiDocument } from '../../src/rest/openapi.ts';

const Account = z.object({ id: z.string() });
const failure: Failure = { description: 'It is wrong.', body: z.object({}), evidence: 'assumed' };

const getAccount = {
  method: 'GET',
  path: '/accounts/{id}',
  operationId: 'getAccount',
  summary: 'Get an account',
  description: 'An account.',
  evidence: 'assumed',
  params: z.object({ id: z.string() }),
  success: { status: 200, description: 'The account.', body: Account, evidence: 'assumed' },
  handle: async () => ({ id: '1' }),
} as const;

const vendor: Dialect = {
  name: 'vendor',
  title: 'Vendor',
  description: 'A vendor.',
  documentation: 'https://example.com/',
  namespaces: ['/accounts'],
  basePaths: { root: [''] },
  schemas: { Account },
  security: {},
  differences: [],
  failures: { 401: failure, 404: failure },
  everywhere: [401],
  routes: [route(getAccount)],
  credential: () => null,
  fail: ({ status }) => ({ status, body: {} }),
};

describe('a dialect is refused at once when', () => {
  it('a route is declared twice', () => {
    expect(() => defineDialect({ ...vendor, routes: [route(getAccount), route(getAccount)] })).toThrow(
      'The dialect vendor: GET /accounts/{id} is declared twice',
    );
  });

  it.each([
    ['has no schema', undefined],
    ['has another name in the schema', z.object({ account: z.string() })],
    ['is one of fewer than the schema has', z.object({ id: z.string(), other: z.string() })],
  ])('a parameter of a path %s', (_, params) => {
    const { params: __, ...others } = getAccount;
    const broken = { ...others, ...(params && { params: params as never }) };
    expect(() => defineDialect({ ...vendor, routes: [route(broken)] })).toThrow(
      /^The dialect vendor: GET \/accounts\/\{id\} declares the parameters/,
    );
  });

  it('a route can fail with a status that has no body', () => {
    const routes = [route({ ...getAccount, failures: { 409: 'assumed' } })];
    expect(() => defineDialect({ ...vendor, routes })).toThrow(
      'The dialect vendor: GET /accounts/{id} names the failure 409, which has no body',
    );
  });

  it('every route can fail with a status that has no body', () => {
    expect(() => defineDialect({ ...vendor, everywhere: [401, 500] })).toThrow(
      'The dialect vendor: every route answers 500, which has no body',
    );
  });
});

describe('a dialect that fits together', () => {
  it('is given back as it is', () => {
    expect(defineDialect(vendor)).toBe(vendor);
  });

  it('may have one path with two methods, and one method at two paths', () => {
    const { params: _, ...list } = { ...getAccount, path: '/accounts', operationId: 'listAccounts' };
    const remove = { ...getAccount, method: 'DELETE', operationId: 'deleteAccount' } as const;
    const routes = [route(getAccount), route(remove), route(list)];
    expect(defineDialect({ ...vendor, routes }).routes).toHaveLength(3);
  });

  it('says of an open route that nobody needs a credential for it', () => {
    expect([...failuresOf(vendor, route(getAccount)).keys()]).toEqual([401]);
    expect([...failuresOf(vendor, route({ ...getAccount, isOpen: true })).keys()]).toEqual([]);
  });
});

it('a schema that is taken and answered, and differs between the two, makes no document', () => {
  const routes = [route({ ...getAccount, method: 'PUT', json: Account })];
  expect(() => openApiDocument({ ...vendor, routes })).toThrow(
    'vendor: Account is both taken and answered, and differs between them',
  );
});
