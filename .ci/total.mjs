// Adds up the results of the test runs named on the command line, and ends with the line that says how it went.
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(file, 'utf8'));
  passed += numPassedTests;
  failed += success ? 0 : Math.max(1, numFailedTests);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
