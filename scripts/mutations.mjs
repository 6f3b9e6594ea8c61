/**
 * Checks the checkers: switches off one safety rule after the other in the sources, runs the suites
 * that are there to miss it, and says which of them did. `npm run mutations [-- <part of a name>]`.
 * The sources are put back whatever happens. A rule that nobody misses fails the run.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const NODE = "packages/node/src/";
const LEADING = "packages/coordinator/src/leading/";
const SIMULATION = "test/simulation/simulation.test.ts";

/** `from` is replaced by `to` in `file`; then one of `suites` must fail. */
const MUTATIONS = [
  {
    rule: "an acknowledgement waits for the backups",
    file: `${NODE}cache/write-behind/copies.ts`,
    from: "needs.backup ? await confirmed() : true",
    to: "confirmed !== undefined",
    suites: [`${NODE}cache`],
  },
  {
    rule: "an acknowledgement waits for the journal",
    file: `${NODE}cache/write-behind/copies.ts`,
    from: "      await recorded;\n",
    to: "",
    suites: [`${NODE}cache`],
  },
  {
    rule: "every dirty entry is recorded",
    file: `${NODE}cache/cache-journal.ts`,
    from: "write: (entry) => journal.write(toDirtyRecord(cacheId, entry)),",
    to: "write: async (entry) => void toDirtyRecord(cacheId, entry),",
    suites: [`${NODE}cache`],
  },
  {
    rule: "segments of the journal are removed in their order",
    file: `${NODE}journal/record-log.ts`,
    from: "if (segment.live > 0) break;",
    to: "if (segment.live > 0) continue;",
    suites: [`${NODE}journal`],
  },
  {
    rule: "what is forgotten stays forgotten",
    file: `${NODE}journal/record-log.ts`,
    from: "      openPart(group).draft.note({ sequence: segment.sequence, ordinal });\n",
    to: "      openPart(group).draft.note({ sequence: segment.sequence, ordinal: -ordinal >>> 0 });\n",
    suites: [`${NODE}journal`],
  },
  {
    rule: "a record counts when it is committed, and its predecessor until then",
    file: `${NODE}journal/record-log.ts`,
    from: "        for (const [index, part] of parts.entries()) this.#take(sequences[index] ?? 0, part);\n        this.#end(group);\n        this.tidy();\n        group.resolve();\n      },\n      (error: unknown) => {\n",
    to: "        for (const [index, part] of parts.entries()) this.#take(sequences[index] ?? 0, part);\n        this.#end(group);\n        this.tidy();\n        group.resolve();\n      },\n      (error: unknown) => {\n        for (const [index, part] of parts.entries()) this.#take(sequences[index] ?? 0, part);\n",
    suites: [`${NODE}journal`],
  },
  {
    rule: "promises to an owner outlive a merge by the next one",
    file: `${NODE}replication/replicas.ts`,
    from: "      if (present.owner !== owner) this.#refuse(present);\n",
    to: "",
    suites: [`${NODE}replication`],
  },
  {
    rule: "a topology older than the owner's gives up nothing",
    file: `${NODE}replication/replicas.ts`,
    from: "        topology.epoch < replica.epoch ||\n",
    to: "",
    suites: [`${NODE}replication`],
  },
  {
    rule: "a backup answers when its journal has the record",
    file: `${NODE}replication/replicas.ts`,
    from: "return journal ? recorded : undefined;",
    to: "return recorded === undefined ? recorded : undefined;",
    suites: [`${NODE}replication`],
  },
  {
    rule: "what could still be lost is not shown",
    file: `${NODE}cache/cache.ts`,
    from: "const uncommitted = entry.pinned ? pattern.uncommitted?.(key) : undefined;\n    if (uncommitted !== undefined) return this.#getWhenCommitted",
    to: "const uncommitted: Promise<unknown> | undefined = undefined;\n    if (uncommitted !== undefined) return this.#getWhenCommitted",
    suites: [`${NODE}cache`],
  },
  {
    rule: "what was taken over is compared with its row before it is shown, where only the row counts",
    file: `${NODE}cache/patterns/write-behind.ts`,
    from: "if (!entry.isReplayed) return;",
    to: "if (entry.isReplayed !== undefined) return;",
    suites: [`${NODE}cache`],
  },
  {
    rule: "what was loaded gives way to a statement of before",
    file: `${NODE}cache/write-behind/flushes.ts`,
    from: 'if (row.at === "left") this.#dropOlder(row);',
    to: 'if (row.at === "left" && row.version < 0) this.#dropOlder(row);',
    suites: [`${NODE}cache`],
  },
  {
    rule: "what could still be lost is not flushed",
    file: `${NODE}cache/write-behind/flushes.ts`,
    from: "tenure === undefined || copies.uncommitted(row) !== undefined",
    to: "tenure === undefined",
    suites: [`${NODE}cache`],
  },
  {
    rule: "a receipt is honoured by what the database has",
    file: `${NODE}cache/write-behind/deliveries.ts`,
    from: ">= name.version) return true;",
    to: ">= 0) return true;",
    suites: [`${NODE}cache`],
  },
  {
    rule: "a receipt of an outdated write waits for the newer one",
    file: `${NODE}cache/write-behind/flushes.ts`,
    from: "receipts.settled(own, how);",
    to: "receipts.settled(rows, how);",
    suites: [`${NODE}cache`],
  },
  {
    rule: "a flush waits for the write that takes another's place",
    file: `${NODE}write-behind/queue.ts`,
    from: "newer.order = row.order;",
    to: "",
    suites: [`${NODE}write-behind`],
  },
  {
    rule: "a flush follows what has moved",
    file: "packages/client/src/cache/flush.ts",
    from: "if (flushed.moved > 0) return;",
    to: "",
    suites: ["packages/client/src/cache"],
  },
  {
    rule: "every operation needs the right to serve",
    file: `${NODE}ownership/right-to-serve.ts`,
    from: "return now < untilMs && now - this.#topology.readAtMs <= this.outageMaxMs;",
    to: "return now < untilMs || this.#topology.readAtMs < this.outageMaxMs * 1e9;",
    suites: [`${NODE}ownership`, SIMULATION],
  },
  {
    rule: "the right counts from the sending of what was answered",
    file: `${NODE}replication/replica-link.ts`,
    from: "const untilMs = sentAtMs + promiseMs",
    to: "const untilMs = clock.monotonic() + promiseMs",
    suites: [`${NODE}replication`],
  },
  {
    rule: "a promise is kept",
    file: `${NODE}replication/replicas.ts`,
    from: "return this.#promises.get(partition) ?? Number.NEGATIVE_INFINITY;",
    to: "return Number.NEGATIVE_INFINITY;",
    suites: [`${NODE}replication`, SIMULATION],
  },
  {
    rule: "refusals are told on every stream",
    file: `${NODE}replication/replica-session.ts`,
    from: "return { session: this, told: 0 };",
    to: "return { session: this, told: this.#refusals };",
    suites: [`${NODE}replication`],
  },
  {
    rule: "a session that is not known is not answered",
    file: `${NODE}replication/replicas.ts`,
    from: "if (first > session.last + 1) {",
    to: "if (first > Number.MAX_SAFE_INTEGER) {",
    suites: [`${NODE}replication`, SIMULATION],
  },
  {
    rule: "a backup is proposed when it has what was acknowledged without it",
    file: `${NODE}replication/replica-member.ts`,
    from: "(this.copy?.position ?? 0) >= this.mustHave",
    to: "this.mustHave >= 0",
    suites: [`${NODE}replication`],
  },
  {
    rule: "writes wait for a removal until it has been read",
    file: `${NODE}replication/replica-set.ts`,
    from: '    if (member.phase === "leaving") return;\n    member.phase = "leaving";',
    to: '    this.#reset(member);\n    if (member.phase === "waiting") return;',
    suites: [`${NODE}replication`, SIMULATION],
  },
  {
    rule: "nobody is proposed before this node serves",
    file: `${NODE}replication/in-sync-demands.ts`,
    from: 'return tenure.state.at !== "waiting";',
    to: "return tenure.partition >= 0;",
    suites: [`${NODE}replication`, SIMULATION],
  },
  {
    rule: "whoever is promoted is in sync",
    file: `${LEADING}partition-changes.ts`,
    from: "const to = isInSync ? wanted : (candidates[0] ?? wanted);",
    to: "const to = isInSync ? wanted : (wanted ?? candidates[0]);",
    suites: [LEADING, SIMULATION],
  },
  {
    rule: "a proposal names an epoch after the last change",
    file: `${LEADING}in-sync.ts`,
    from: "    partition.changedEpoch <= epoch &&\n",
    to: "    epoch >= 0 &&\n",
    suites: [LEADING],
  },
  {
    rule: "a removal ends proposals that were sent before it",
    file: `${LEADING}partition-changes.ts`,
    from: "if (this.#isRemovalAsked(number, partition)) return { ...partition, inSync: [...inSync] };",
    to: "",
    suites: [LEADING],
  },
  {
    rule: "an owner is held back while others may serve",
    file: `${LEADING}in-sync.ts`,
    from: ".filter((holder) => !ended.has(holder));",
    to: ".filter((holder) => ended.has(holder) && false);",
    suites: [LEADING, SIMULATION],
  },
  {
    rule: "a release comes before the change of owner",
    file: `${LEADING}partition-changes.ts`,
    from: "this.#facts.released.get(number) === term",
    to: "this.#facts.released.get(number) !== -1 && term > 0",
    suites: [LEADING],
  },
  {
    rule: "a partition moves only to a member in sync",
    file: `${LEADING}partition-changes.ts`,
    from: "inSync.includes(moveTo) &&",
    to: "inSync.length >= 0 &&",
    suites: [LEADING],
  },
  {
    rule: "a release waits until the target has everything",
    file: `${NODE}cluster/release.ts`,
    from: "if (tenure.writesInFlight > 0 || !this.#isThrough(tenure.partition, target)) return false;",
    to: 'if (tenure.writesInFlight > 0 || target === "") return false;',
    suites: [`${NODE}cluster`],
  },
  {
    rule: "what was released and comes back under another term begins anew",
    file: `${NODE}ownership/ownership.ts`,
    from: 'return state.at === "released" && next > term;',
    to: 'return state.at === "released" && next < term;',
    suites: [`${NODE}ownership`],
  },
  {
    rule: "a clear waits for moves",
    file: `${NODE}cache/operations.ts`,
    from: "if (moving !== undefined) throw new PartitionMovingError(moving);",
    to: "if (moving === -1) throw new PartitionMovingError(moving);",
    suites: [`${NODE}cache`],
  },
  {
    rule: "copies are served after a planned change alone",
    file: `${NODE}replication/replicas.ts`,
    from: "replica.isHandedOver = released && shown.owner === me;",
    to: "replica.isHandedOver = true;",
    suites: [`${NODE}replication`],
  },
  {
    rule: "a replay reads the row",
    file: `${NODE}cache/write-behind/replayed-writes.ts`,
    from: 'if (row.version >= version) return "persisted";',
    to: "",
    suites: [`${NODE}cache`],
  },
  {
    rule: "an old write brings no key back whose tombstone may be gone",
    file: `${NODE}cache/write-behind/replayed-writes.ts`,
    from: "return goneUntilMs !== undefined && write.writtenAtMs <=",
    to: "return goneUntilMs === Number.NaN && write.writtenAtMs <=",
    suites: [`${NODE}cache`],
  },
  {
    rule: "a letter that was held back brings no key back whose tombstone may be gone",
    file: `${NODE}cache/letter-retry.ts`,
    from: 'if (row.version === 0 && letter.sqlstate === "") return heldBack(letter);',
    to: 'if (row.version < 0 && letter.sqlstate === "") return heldBack(letter);',
    suites: [`${NODE}cache`],
  },
  {
    rule: "a letter is repeated until the database says what became of it",
    file: `${NODE}cache/letter-retry.ts`,
    from: "if (!mayBeWritten) throw nothingWritten(error);",
    to: "if (mayBeWritten || !mayBeWritten) throw nothingWritten(error);",
    suites: [`${NODE}cache`],
  },
  {
    rule: "what was cached before a letter was written is dropped",
    file: `${NODE}cache/letter-retry.ts`,
    from: 'if (outcome.at !== "behind") this.#forget(row, context);',
    to: "",
    suites: [`${NODE}cache`],
  },
  {
    rule: "the tombstone of a key with a dead letter stays",
    file: "packages/process/src/postgres/tombstones.ts",
    from: "SELECT 1 FROM holdfast_dead_letters AS d WHERE",
    to: "SELECT 1 FROM holdfast_dead_letters AS d WHERE false AND",
    suites: ["test/tombstones.test.ts"],
  },
  {
    rule: "a tombstone goes only where that is recorded",
    file: "packages/process/src/postgres/tombstones.ts",
    from: " AND EXISTS (SELECT 1 FROM noted)",
    to: "",
    suites: ["test/tombstones.test.ts"],
  },
  {
    rule: "an entry that differs from its row is looked at twice",
    file: `${NODE}cache/checker.ts`,
    from: "if (verdict === sample.verdict) this.#convict(",
    to: "if (verdict !== undefined) this.#convict(",
    suites: [`${NODE}cache`],
  },
  {
    rule: "an entry that changed while its row was read is not compared",
    file: `${NODE}cache/checker.ts`,
    from: "row instanceof Error || !this.#isUnchanged(sample)",
    to: "row instanceof Error",
    suites: [`${NODE}cache`],
  },
  {
    rule: "a record is replayed until the database has it",
    file: `${NODE}cluster/journal-replay.ts`,
    from: 'const isDone = outcome === "persisted" || outcome === doneWhen;',
    to: 'const isDone = outcome !== "later" || doneWhen === undefined;',
    suites: [`${NODE}cluster`],
  },
  {
    rule: "a deposed node goes on as another incarnation",
    file: `${NODE}cluster/presence.ts`,
    from: "const incarnation = createIncarnation();",
    to: "const incarnation = createIncarnation().slice(0, 0) + ownership.incarnation;",
    suites: ["test/zombie.test.ts"],
  },
  {
    rule: "former owners are fenced before the first statement",
    file: `${NODE}cluster/fences.ts`,
    from: "if (missing.length === 0) return undefined;",
    to: "if (missing.length >= 0) return undefined;",
    suites: [`${NODE}cluster`],
  },
];

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
