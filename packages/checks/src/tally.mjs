// The last line of CI, `N passed, N failed`, from what the tests and the static steps wrote:
//
//   node tally.mjs <JSON of vitest> <exit code of the tests> <JSON of check> <exit code of check>
//
// A report that is missing, or a bad exit code that no report explains, counts as one failure.
import { readFileSync } from "node:fs";

const [testsFile = "", testsCode, checkFile = "", checkCode] = process.argv.slice(2);

let passed = 0;
let failed = 0;
add(testsFile, testsCode, ({ numPassedTests, numFailedTests, testResults }) => {
  // A file that cannot even be loaded fails without a failed test in it.
  const broken = testResults.filter(({ status, assertionResults }) => {
    return status === "failed" && !assertionResults.some((test) => test.status === "failed");
  });
  return [numPassedTests, numFailedTests + broken.length];
});
add(checkFile, checkCode, (report) => [report.passed.length, report.failed.length]);
if (passed === 0) failed++;

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/**
 * @param {string} file
 * @param {string | undefined} exitCode
 * @param {(report: any) => [passed: number, failed: number]} count
 */
function add(file, exitCode, count) {
  /** @type {[number, number]} */
  let counts = [0, 0];
  try {
    counts = count(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    console.error(`no report in ${file}: ${error instanceof Error ? error.message : String(error)}`);
    counts = [0, 1];
  }
  passed += counts[0];
  failed += counts[1];
  if (exitCode !== "0" && counts[1] === 0) failed++;
}
