// Adds up the results of the test runs named on the command line: names what failed and why, and ends with the line that
// says how it went.
import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';

/** Enough of a message to know the failure by; the whole stands where the suite ran. */
const LINES = 8;
const opening = (text) => text.split('\n').slice(0, LINES).join('\n    ');

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const { numPassedTests, numFailedTests, success, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  passed += numPassedTests;
  failed += success ? 0 : Math.max(1, numFailedTests);
  if (success) continue;
  const lane = basename(file, '.json');
  for (const { name, status, message, assertionResults } of testResults) {
    if (status !== 'failed') continue;
    const place = `${lane}: ${relative('', name)}`;
    const tests = assertionResults.filter((test) => test.status === 'failed');
    if (tests.length === 0) process.stdout.write(`FAILED ${place}\n    ${opening(message ?? '')}\n`);
    for (const { fullName, failureMessages } of tests)
      process.stdout.write(`FAILED ${place} > ${fullName}\n    ${opening(failureMessages.join('\n'))}\n`);
  }
  if (numFailedTests === 0) process.stdout.write(`FAILED ${lane}: the run itself, see its last lines\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
