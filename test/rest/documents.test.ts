import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialects } from '../../src/rest/dialects.ts';
import { openApiDocument } from '../../src/rest/openapi.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { operationAt } from '../setup/contract.ts';
import { isAnswered, operationsOf, type ServedDocument } from './operations.ts';

const committed = (name: string) =>
  readFileSync(new URL(`../../openapi/${name}.json`, import.meta.url), 'utf8');

describe.each(dialects.map((dialect) => ({ name: dialect.name, dialect })))(
  'the document of $name',
  ({ name, dialect }) => {
    it('is committed as it is made (npm run openapi)', () => {
      expect(JSON.parse(committed(name))).toEqual(openApiDocument(dialect));
    });

    it('is valid OpenAPI 3.1, without a warning', async () => {
      const config = await createConfig({
        extends: ['spec', 'recommended'],
        rules: { 'no-path-trailing-slash': 'off' }, // a vendor's path has the slash that it has
      });
      const absoluteRef = `${name}.json`;
      const problems = await lintFromString({ source: committed(name), absoluteRef, config });
      expect(problems.map(({ message, location }) => `${location[0]?.pointer}: ${message}`)).toEqual([]);
    });

    it('has every route of the dialect, and nothing else', () => {
      const document = openApiDocument(dialect) as unknown as ServedDocument;
      const routes = dialect.routes.map(({ method, path }) => `${method} ${path}`);
      const documented = operationsOf(document).map(({ method, path }) => `${method} ${path}`);
      expect(documented.toSorted()).toEqual(routes.toSorted());
    });

    it('says of every answer how it is known, and that it carries the id of the request', () => {
      const document = openApiDocument(dialect) as unknown as ServedDocument;
      const answers = operationsOf(document).flatMap(({ operation }) => Object.values(operation.responses));
      expect(answers.filter((answer) => !answer['x-evidence'] || !answer.headers?.['X-Request-Id'])).toEqual(
        [],
      );
    });

    it('takes keys that it does not know, and answers with none', () => {
      const text = JSON.stringify(openApiDocument(dialect));
      const { components, paths } = JSON.parse(text) as ServedDocument;
      const taken = new Set(operationsOf({ paths }).flatMap(({ operation }) => bodyOf(operation)));
      for (const [key, schema] of Object.entries(components?.schemas ?? {})) {
        if (schema.type === 'object')
          expect([key, schema.additionalProperties === false]).toEqual([key, !taken.has(key)]);
      }
    });
  },
);

/** The names of the components that an operation takes as its body. */
function bodyOf(operation: ServedDocument['paths'][string][string]): string[] {
  const text = JSON.stringify(operation?.requestBody ?? {});
  return [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name = '']) => name);
}

const mounts = {
  default: { REST_MOUNTS: '' },
  'under prefixes': { REST_MOUNTS: 'zenml=/zenml,bird=off,katapult=/k' },
};
const servers: Record<string, Record<string, readonly string[]>> = {
  default: { zenml: ['/'], sweatstack: ['/'], katapult: ['/', '/core/v1'], bird: ['/'], usergraph: ['/'] },
  'under prefixes': {
    zenml: ['/zenml', '/zenml/api/v1'],
    sweatstack: ['/'],
    katapult: ['/k', '/k/core/v1'],
    usergraph: ['/'],
  },
};

describe('behind a proxy that serves this under a path', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await openTestApp({ env: { PUBLIC_URL: 'https://example.com/accounts/' }, seed: false });
  });
  afterAll(() => app.close());

  it('the documents name that path, which PUBLIC_URL tells', async () => {
    const document = await (await app.fetch('/openapi/katapult.json')).json();
    expect(document.servers).toEqual([{ url: '/accounts' }, { url: '/accounts/core/v1' }]);
  });

  it('a redirect stays within that path', async () => {
    const response = await app.fetch('/users/?limit=1');
    const outside = new URL(response.headers.get('location') ?? '', 'https://example.com/accounts/users/');
    expect(outside.href).toBe('https://example.com/accounts/users?limit=1');
  });
});

describe.each(Object.entries(mounts))('with the dialects %s', (placement, env) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await openTestApp({ env, seed: false });
  });
  afterAll(() => app.close());

  const served = async (name: string): Promise<ServedDocument> => {
    const response = await app.fetch(`/openapi/${name}.json`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    return (await response.json()) as ServedDocument;
  };
  const isServed = (method: string, path: string) => isAnswered(app, method, path);

  it('each document names the places where its dialect is served', async () => {
    for (const [name, places] of Object.entries(servers[placement] ?? {}))
      expect((await served(name)).servers?.map(({ url }) => url)).toEqual(places);
  });

  it('every operation at every place of a document is answered by a route, and no other method is', async () => {
    for (const name of Object.keys(servers[placement] ?? {})) {
      const document = await served(name);
      for (const { url } of document.servers ?? []) {
        for (const path of Object.keys(document.paths)) {
          for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
            const place = `${method} ${url.replace(/\/$/, '')}${path}`;
            const isRoute = operationAt(document as never, method, path) !== undefined;
            expect([place, await isServed(...(place.split(' ') as [string, string]))]).toEqual([
              place,
              isRoute,
            ]);
          }
        }
      }
    }
  });

  it('every route at every base path stands in the document', async () => {
    for (const dialect of dialects.filter(({ name }) => servers[placement]?.[name])) {
      const document = await served(dialect.name);
      for (const { method, path } of dialect.routes) {
        expect(document.paths[path]).toHaveProperty(method.toLowerCase());
        for (const { url } of document.servers ?? [])
          expect([method, url, path, await isServed(method, `${url.replace(/\/$/, '')}${path}`)]).toEqual([
            method,
            url,
            path,
            true,
          ]);
      }
    }
  });

  it('a document can be asked for with GET and HEAD only', async () => {
    const head = await app.fetch('/openapi/zenml.json', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const refused = await app.fetch('/openapi/zenml.json', { method });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  it.each([
    '/openapi/x.json',
    '/openapi/zenml',
    '/openapi/',
    '/openapi/__proto__.json',
    '/openapi/%7Aenml.json',
  ])('no document is at %s', async (path) => {
    expect((await app.fetch(path)).status).toBe(404);
  });
});

it('a dialect that is off has no document and no route, and one that moved is not served twice', async () => {
  const app = await openTestApp({ env: mounts['under prefixes'], seed: false });
  for (const path of ['/openapi/bird.json', '/me', '/users/me', '/core/v1/users/current']) {
    const { status, body } = await app.call('GET', path);
    expect([path, status, body.errors?.[0].extensions.code]).toEqual([path, 404, 'NOT_FOUND']);
  }
  await app.close();
});
