/** The titles of the tests in a file, read from its text as Biome formats it. */

/** Where a test or a group of tests begins. */
const opening = /^( *)(it|test|describe)((?:\.\w+)*)(?=[(<])/gm;
const directTitle = /\(\s*(['"`])((?:\\.|(?!\1).)*)\1/y;
/** After the list of cases, or the condition, of `each`, `for`, `skipIf` and `runIf`. */
const laterTitle = /\)\(\s*(['"`])((?:\\.|(?!\1).)*)\1\s*,/g;

/** The title of each test with those of the groups around it, as `group › test`. Tests that are skipped are none. */
export function titlesOf(source: string): string[] {
  const groups: { indent: number; title: string }[] = [];
  const titles: string[] = [];
  for (const { 0: found, 1: { length: indent } = '', 2: kind, 3: chain = '', index } of source.matchAll(
    opening,
  )) {
    while ((groups.at(-1)?.indent ?? -1) >= indent) groups.pop();
    const pattern = /\.(each|for|skipIf|runIf)\b/.test(chain) ? laterTitle : directTitle;
    pattern.lastIndex = index + found.length;
    const title = pattern.exec(source)?.[2]?.replace(/\\(.)/g, '$1');
    if (title === undefined || /\.(skip|todo)\b/.test(chain)) continue;
    if (kind === 'describe') groups.push({ indent, title });
    else titles.push([...groups.map((group) => group.title), title].join(' › '));
  }
  return titles;
}

/** What stands for a value of a case in a title. */
const placeholder = /%[sdifjo]|\$[\w.]+/g;

/** Whether a test has this title: as it is written, or with values in it that stand in the file as they are. */
export function isTitleOf(source: string, title: string): boolean {
  return titlesOf(source).some((written) => {
    if (written === title) return true;
    const fixed = written.split(placeholder).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const values = new RegExp(`^${fixed.join('(.+)')}$`).exec(title)?.slice(1);
    return values !== undefined && values.length > 0 && values.every((value) => isWritten(source, value));
  });
}

const isWritten = (source: string, value: string): boolean =>
  /^\d+$/.test(value)
    ? new RegExp(`\\b${value}\\b`).test(source)
    : [`'${value}'`, `"${value}"`, `\`${value}\``].some((literal) => source.includes(literal));
