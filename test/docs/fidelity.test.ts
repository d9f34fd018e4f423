import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fidelityReport } from '../../scripts/print-fidelity.ts';

const committed = readFileSync(new URL('../../docs/fidelity.md', import.meta.url), 'utf8');

test('the committed report says what the route tables and the tests say: `npm run fidelity` writes it', () => {
  expect(committed).toBe(fidelityReport());
});

test('no fact of a page is named twice, so that each leads to one test', () => {
  for (const section of committed.split(/^### /m).slice(1)) {
    const facts = section.split('\n').flatMap((line) => /^\| (.+) \| \[line/.exec(line)?.[1] ?? []);
    expect(facts.length).toBeGreaterThan(20);
    expect(new Set(facts).size, section.split('\n')[0]).toBe(facts.length);
  }
});
