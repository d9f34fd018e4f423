// Writes docs/fidelity.md: what each REST dialect answers and how that is known, from the route tables; and which test
// proves each fact of a vendor's page, from the titles of the tests.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { imitations } from '../src/rest/dialects.ts';
import { evidences, type Fidelity, fidelityOf } from '../src/rest/fidelity.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const factTests = 'test/rest/seeds';

/** Text in a cell of a table. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function fidelityReport(): string {
  const reports = imitations.map(fidelityOf);
  return `# Fidelity of the REST dialects

Clients of ${imitations.map(({ title }) => title).join(', ')} work here by a change of their base URL, as far as
what those vendors answer is known. This report says, for every operation and every status, how it is known. It is
generated (\`npm run fidelity\`) from the route tables in \`src/rest/\` that serve the dialects; the running server shows it
at \`/fidelity\`. The exact requests and answers are the files in [\`test/rest/transcripts\`](../test/rest/transcripts).

| known | meaning |
| --- | --- |
${Object.entries(evidences)
  .map(([evidence, meaning]) => `| ${evidence} | ${meaning} |`)
  .join('\n')}

| dialect | operations | documented | observed | assumed |
| --- | ---: | ---: | ---: | ---: |
${reports.map(summary).join('\n')}

${reports.map(section).join('\n\n')}

## Every fact of the vendors' pages, and its test

Each row is a fact of a vendor's page (or, in the parts named wire, of its clients), in our words, with the test that proves it.

${readdirSync(`${root}${factTests}`)
  .filter((file) => file.endsWith('.test.ts'))
  .sort()
  .map(facts)
  .join('\n\n')}
`;
}

const summary = ({ dialect, operations, counts }: Fidelity) =>
  `| [${dialect.title}](#${anchor(dialect.title)}) | ${operations.length} | ${counts.documented} | ${counts.observed} | ${counts.assumed} |`;

const anchor = (title: string) => title.toLowerCase().replaceAll(' ', '-');

function section({ dialect, operations, everywhere }: Fidelity): string {
  const common = { operation: 'every operation that it applies to', answers: everywhere };
  const rows = [...operations, common].flatMap(({ operation, answers }) =>
    answers.map(
      ({ status, evidence, description }, index) =>
        `| ${index === 0 ? name(operation) : ''} | ${status} | ${evidence} | ${cell(description)} |`,
    ),
  );
  const absent = (dialect.absent ?? []).map(
    ({ operation, reason }) => `- not served: \`${operation}\`. ${reason}`,
  );
  return `## ${dialect.title}

${dialect.description} The vendor's own documentation: <${dialect.documentation}>.

Known differences:

${[...dialect.differences.map((difference) => `- ${difference}`), ...absent].join('\n')}

| operation | status | known | when |
| --- | --- | --- | --- |
${rows.join('\n')}`;
}

const name = (operation: string) => (operation.includes('/') ? `\`${operation}\`` : operation);

/** The titles of the tests in a file, in their order: also those in the first column of a table, which are sentences. */
function facts(file: string): string {
  const title = /^\s*(?:(?:test|it)\(|\[)\s*'((?:[^'\\]|\\.)*)'/;
  const rows = readFileSync(`${root}${factTests}/${file}`, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const fact = title.exec(line)?.[1]?.replaceAll("\\'", "'");
      return fact?.includes(' ')
        ? [`| ${cell(fact)} | [line ${index + 1}](../${factTests}/${file}#L${index + 1}) |`]
        : [];
    });
  if (rows.length === 0) throw new Error(`${file} has no test with a title`);
  return `### ${file.replace('.test.ts', '')}

| fact | test |
| --- | --- |
${rows.join('\n')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(`${root}docs/fidelity.md`, fidelityReport());
