/**
 * Ends a test run with its count on a line of its own, for whoever reads the output with a program.
 * With `CI` set, a skipped test fails the run: a server that is missing there is a fault.
 */
export default class CountReporter {
  onTestRunEnd(modules) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      if (module.state() === "failed" && module.errors().length > 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === "pending" ? "skipped" : state] += 1;
      }
    }
    if (counts.skipped > 0 && process.env.CI) {
      process.stderr.write(`${counts.skipped} tests were skipped, which CI does not accept.\n`);
      process.exitCode = 1;
    }
    const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
    process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  }
}
