import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isTitleOf, titlesOf } from './titles.ts';

const documentUrl = new URL('../../docs/security.md', import.meta.url);
const text = readFileSync(documentUrl, 'utf8');

const sections = ['6.2', '6.3', '7.2', '7.3', '7.4', '9.1', '9.2', '10.4'];
const states = ['met', 'partly', 'not met', 'not applicable'];

/** The tests that a cell names: a link to a file, and after it the titles of tests in it. */
const testsIn = (cell: string) =>
  [...cell.matchAll(/\]\((\.\.\/test\/[^)]+)\)((?:,? “[^”]+”)+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title })),
  );

/** The rows of the tables, by the section of the document in which they stand. */
const rows = text.split(/^### /m).flatMap((part) =>
  [...part.matchAll(/^\| (\d+\.\d+\.\d+) \|(.*)\|$/gm)].map(([, item = '', rest = '']) => {
    const cells = rest.split(' | ').map((cell) => cell.trim());
    const [about = '', state = '', how = '', held = ''] = cells;
    const [section = ''] = part.split(' ');
    return { section, item, about, state, how, tests: testsIn(held), columns: cells.length };
  }),
);

describe('the tables', () => {
  it('have each item once, in its own section, with a known state and a reason', () => {
    expect(new Set(rows.map(({ item }) => item)).size).toBe(rows.length);
    for (const { section, item, about, state, how, columns } of rows) {
      expect(item.replace(/\.\d+$/, ''), item).toBe(section);
      expect(states, item).toContain(state);
      expect([item, columns, about === '', how === '']).toEqual([item, 4, false, false]);
    }
  });

  it.each(sections)('have all items of %s, in order', (section) => {
    const items = rows.filter((row) => row.section === section).map(({ item }) => item);
    expect(items.length).toBeGreaterThan(1);
    expect(items).toEqual(items.map((_, index) => `${section}.${index + 1}`));
  });

  it('name a test for whatever is said to be met, or partly', () => {
    const unheld = rows.filter(({ state, tests }) => /^(met|partly)$/.test(state) && tests.length === 0);
    expect(unheld.map(({ item }) => item)).toEqual([]);
  });
});

it.each(rows.filter(({ tests }) => tests.length > 0))('the tests that $item names are there', ({ tests }) => {
  for (const { file, title } of tests) {
    const url = new URL(file, documentUrl);
    expect(existsSync(url), file).toBe(true);
    expect(isTitleOf(readFileSync(url, 'utf8'), title), `${file}: ${title}`).toBe(true);
  }
});

it('every quoted title is looked for, and every link of the document leads to a file or a heading', () => {
  const looked = rows.reduce((sum, { tests }) => sum + tests.length, 0);
  expect(looked).toBe([...text.matchAll(/“/g)].length);
  const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith('https://')) continue;
    if (target.startsWith('#')) expect(anchors).toContain(target.slice(1));
    else expect(existsSync(new URL(target, documentUrl)), target).toBe(true);
  }
});

describe('a title', () => {
  const source = [
    "const cases = { 'is cut': 1, 'has no end': 2 };",
    "describe.each(Object.entries(cases))('a token that %s', () => {",
    '  it.each([',
    "    ['over HTTP', 1],",
    "  ])('is refused %s: %i', () => {});",
    "  it('is logged', () => {});",
    "  it.skip('is not run', () => {});",
    '});',
    "it('stands alone', () => {});",
  ].join('\n');

  it('is found by its describes, as it is written or as it is run', () => {
    expect(titlesOf(source)).toEqual([
      'a token that %s › is refused %s: %i',
      'a token that %s › is logged',
      'stands alone',
    ]);
    for (const title of [
      'stands alone',
      'a token that is cut › is logged',
      'a token that %s › is refused %s: %i',
      'a token that has no end › is refused over HTTP: 1',
    ])
      expect([title, isTitleOf(source, title)]).toEqual([title, true]);
  });

  it.each([
    'is logged',
    'stands',
    'a token that is cut › stands alone',
    'a token that was never written › is logged',
    'a token that is cut › is refused over FTP: 1',
    'a token that is cut › is not run',
    'a token that %s',
  ])('is not found: %s', (title) => {
    expect(isTitleOf(source, title)).toBe(false);
  });
});
