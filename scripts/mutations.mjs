/**
 * Checks the checkers: switches off one safety rule after the other in the sources (mutation-rules.mjs),
 * runs the suites that are there to miss it, and says which of them did:
 * `npm run mutations [-- <part of a name>]`. The sources are put back whatever happens. A rule that nobody
 * misses fails the run. The results go to test/mutations.md.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { MUTATIONS } from "./mutation-rules.mjs";

const RESULTS = "test/mutations.md";
const HEAD = `# Safety rules, and who misses them

Written by \`npm run mutations\`: each rule was switched off in the sources, and the suite beside it failed.

| rule | switched off in | missed by |
| --- | --- | --- |
`;

const wanted = process.argv[2] ?? "";
const results = [];
for (const mutation of MUTATIONS.filter(({ rule }) => rule.includes(wanted))) {
  const missedBy = tryOut(mutation);
  results.push({ ...mutation, missedBy });
  process.stdout.write(
    `${missedBy === undefined ? "NOBODY" : "missed"}  ${mutation.rule}${missedBy ? `  (${missedBy})` : ""}\n`,
  );
}
build();
const unnoticed = results.filter(({ missedBy }) => missedBy === undefined);
process.stdout.write(
  `${results.length - unnoticed.length} of ${results.length} rules are missed when they are gone\n`,
);
process.exitCode = unnoticed.length === 0 ? 0 : 1;
writeResults();

/** Rules that were not tried this time keep the result that they have. */
function writeResults() {
  const rows = new Map(
    readFileSync(RESULTS, "utf8")
      .split("\n")
      .map((row) => [row.split(" | ")[0], row]),
  );
  for (const { rule, file, missedBy } of results) {
    const by = missedBy === undefined ? "**nobody**" : `\`${missedBy}\``;
    rows.set(`| ${rule}`, `| ${rule} | \`${file}\` | ${by} |`);
  }
  const known = MUTATIONS.flatMap(({ rule }) => rows.get(`| ${rule}`) ?? []);
  writeFileSync(RESULTS, `${HEAD}${known.join("\n")}\n`);
}

/** The suite that missed the rule; `undefined`: none did. */
function tryOut({ rule, file, from, to, suites }) {
  const source = readFileSync(file, "utf8");
  if (!source.includes(from))
    throw new Error(`${file} has no longer what the rule is made of: ${rule}`);
  writeFileSync(file, source.replace(from, to));
  try {
    if (build() !== 0) throw new Error(`the sources cannot be built without the rule: ${rule}`);
    return suites.find((suite) => run(suite) !== 0);
  } finally {
    writeFileSync(file, source);
  }
}

function build() {
  return spawnSync("npx", ["tsc", "-b"], { stdio: "inherit" }).status;
}

function run(suite) {
  const project = suite.startsWith("test/") ? "cluster" : "unit";
  const env = { ...process.env, HOLDFAST_SCHEDULES: "5000" };
  return spawnSync("npx", ["vitest", "run", "--project", project, suite], { env }).status;
}
