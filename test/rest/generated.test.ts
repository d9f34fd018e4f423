/**
 * Whatever is sent to a dialect, it answers within its document and tells nobody what is not theirs.
 * GENERATED_REQUESTS sets how many requests there are; GENERATED_SEED and GENERATED_PATH repeat those of a failure.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { documents, operationAt } from '../setup/contract.ts';
import { createAsker } from './generated/ask.ts';
import { type Document, type GeneratedRequest, requestsFor } from './generated/requests.ts';
import { planWorld } from './generated/world.ts';

const count = Number(process.env.GENERATED_REQUESTS ?? 1000);
const seed = Number(process.env.GENERATED_SEED ?? 20_260_101);
const path = process.env.GENERATED_PATH;

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ env: { MAX_BODY_KIB: '64' }, seed: false });
});
afterAll(() => app.close());

describe.each(
  [...documents].map(([name, document]) => ({ name, document: document as unknown as Document })),
)('$name', ({ name, document }) => {
  const reached = new Map<string, number>();

  it(
    `answers ${count} generated requests within its document, and leaks nothing`,
    async () => {
      const { ask, checkUntouched } = await createAsker(app, planWorld());
      const property = fc.asyncProperty(requestsFor(document), async (request) => {
        const { status } = await ask(request);
        const key = `${operationOf(document, request)} ${status}`;
        reached.set(key, (reached.get(key) ?? 0) + 1);
      });
      const result = await fc.check(property, { numRuns: count, seed, ...(path !== undefined && { path }) });
      expect(result.failed ? explain(name, result) : '').toBe('');
      await checkUntouched();
    },
    60_000 + count * 60,
  );

  it.runIf(count >= 1000 && path === undefined)(
    'was asked so that every operation did what it is for, and refused',
    () => {
      for (const { template, method, responses } of operationsOf(document)) {
        if (template.endsWith('/acknowledgements')) continue; // for which nobody here has a proof
        const key = `${method} ${template}`;
        const statuses = [...reached.keys()]
          .filter((one) => one.startsWith(`${key} `))
          .map((one) => Number(one.split(' ').at(-1)));
        expect([key, ...statuses]).toContain(Number(responses.find((status) => status < '300')));
        expect([key, statuses.some((status) => status >= 400)]).toEqual([key, true]);
      }
    },
  );
});

function operationsOf(document: Document) {
  return Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      template,
      method: method.toUpperCase(),
      responses: Object.keys((operation as { responses?: object }).responses ?? {}),
    })),
  );
}

function operationOf(document: Document, { method, path: asked }: GeneratedRequest): string {
  const base = document.servers
    .map(({ url }) => url.replace(/\/$/, ''))
    .toSorted((a, b) => b.length - a.length)
    .find((url) => asked.startsWith(`${url}/`));
  const found = operationAt(document as never, method, asked.slice(base?.length ?? 0));
  return found ? `${method} ${found.template}` : 'no operation';
}

/** The smallest request that fails, and how to send it again. */
function explain(name: string, result: fc.RunDetails<[GeneratedRequest]>): string {
  const { counterexample, counterexamplePath, errorInstance, numRuns } = result;
  return [
    `${name}, after ${numRuns} requests: ${(errorInstance as Error | null)?.message.slice(0, 2000)}`,
    JSON.stringify(counterexample?.[0])?.slice(0, 2000),
    `Again: GENERATED_SEED=${result.seed} GENERATED_PATH=${counterexamplePath} GENERATED_REQUESTS=${count} npx vitest run test/rest/generated.test.ts -t ${name}`,
  ].join('\n');
}
