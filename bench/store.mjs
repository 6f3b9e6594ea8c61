/**
 * Reads and writes of the store by key bytes, in process, beside npm's `lru-cache`: a million entries of
 * 16-byte keys and 100-byte values, keys drawn by Zipf's law or evenly, for each eviction policy.
 *
 * All run as a node does, with its options for V8. Keys and values are slices of message buffers, as a server has them,
 * and the store is told of a message's keys before they are looked up, as by a server. The peer is used as a server would have
 * to: keys become strings first, by the fastest way there is, and values are copied out of the message. A
 * second peer gets ready strings, the very objects that it was filled with. `insert` is a new key at a full store,
 * which evicts another. Making the messages is not measured.
 *
 * Every contestant is a process of its own; they take turns, and the medians of the rounds count. What
 * counts is processor time, the garbage collector's included, or with --wall the time that passes: the same
 * on a machine that nobody else uses, but for what a collector does on other cores.
 *
 * Run: npm run bench -- store [--json] [--entries 1000000] [--rounds 7] [--policies lru,s3-fifo]
 *   [--operations "get zipf,set zipf"] [--wall]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LRUCache } from "lru-cache";
import { systemClock } from "../packages/core/dist/index.js";
import { EVICTION_POLICIES } from "../packages/node/dist/eviction/index.js";
import { MemoryBudget } from "../packages/node/dist/store/memory-budget.js";
import { Store } from "../packages/node/dist/store/store.js";
import { V8_OPTIONS } from "../packages/node/dist/v8-options.js";
import { KEY_BYTES, Messages, randomOf, uniform, zipf } from "./load.mjs";
import { answer, Contestant, role } from "./processes.mjs";
import { bar, compared, median, progress, report } from "./report.mjs";

const VALUE_BYTES = 100;
/** Operations of a message. */
const BATCH = 256;
const OPERATIONS_PER_ROUND = 1_000 * BATCH;
/** What an entry takes at most, in memory that is not to be filled. */
const AMPLE_BYTES = 400;
/** What it takes about, in memory that is. */
const TYPICAL_BYTES = 152;
/** Least of what the peer does, when it gets bytes. */
const BARS = { lru: { get: 2, set: 1 }, adaptive: { get: 1.5, set: 0.8 } };

const FROM_BYTES = "lru-cache from bytes";
const READY_STRINGS = "lru-cache, strings ready";

const { values: options } = parseArgs({
  options: {
    entries: { type: "string", default: "1000000" },
    json: { type: "boolean", default: false },
    operations: {
      type: "string",
      default: "get zipf,get uniform,copy zipf,set zipf,set uniform,insert",
    },
    policies: { type: "string" },
    rounds: { type: "string", default: "7" },
    wall: { type: "boolean", default: false },
  },
});
const ENTRIES = Number(options.entries);

/** The store. */
class Ours {
  #policy;
  #store;

  constructor(policy) {
    this.#policy = policy;
  }

  /** @param isTight - whether there is no more room than for so many entries. */
  begin(isTight) {
    this.#store?.close();
    this.#store = new Store({
      budget: new MemoryBudget(ENTRIES * (isTight ? TYPICAL_BYTES : AMPLE_BYTES) + 2 ** 22),
      policy: this.#policy,
      clock: systemClock,
      placement: { partitions: 1024, hashSeed: 0x5eed },
    });
  }

  prepare() {}

  get(messages, count) {
    const store = this.#store;
    const { bytes, starts, ends } = messages;
    let seen = 0;
    store.prefetch(messages, 0, count);
    for (let index = 0; index < count; index++) {
      store.sought.setPart(bytes, starts[index], ends[index]);
      const found = store.findSought();
      store.useInPlace();
      seen += found.bytes[found.start];
    }
    return seen;
  }

  /** A read that copies the value and tells everything of the entry. */
  copy({ keys }, count) {
    const store = this.#store;
    let seen = 0;
    for (let index = 0; index < count; index++) seen += store.get(keys[index]).value[0];
    return seen;
  }

  set({ keys, values }, count) {
    const store = this.#store;
    for (let index = 0; index < count; index++) {
      const entry = {
        key: "",
        value: values[index],
        encoding: 1,
        version: 2 ** 32 + index,
        expiresAtMs: Number.POSITIVE_INFINITY,
        pinned: false,
      };
      store.sought.set(keys[index]);
      store.putSought(entry);
    }
    return count;
  }
}

class Peer {
  #hasStrings;
  #cache;
  /** Those that it was filled with, by number. */
  #texts = [];
  #ready = [];

  constructor(hasStrings) {
    this.#hasStrings = hasStrings;
  }

  begin() {
    this.#cache = new LRUCache({ max: ENTRIES });
    this.#texts = [];
  }

  prepare({ keys }, numbers) {
    if (!this.#hasStrings) return;
    this.#ready = numbers.map((number, index) => {
      if (number >= ENTRIES) return keys[index].latin1Slice(0, KEY_BYTES);
      this.#texts[number] ??= keys[index].latin1Slice(0, KEY_BYTES);
      return this.#texts[number];
    });
  }

  get({ keys }, count) {
    const cache = this.#cache;
    let seen = 0;
    if (this.#hasStrings) {
      const ready = this.#ready;
      for (let index = 0; index < count; index++) seen += cache.get(ready[index])[0];
      return seen;
    }
    for (let index = 0; index < count; index++) {
      seen += cache.get(keys[index].latin1Slice(0, KEY_BYTES))[0];
    }
    return seen;
  }

  copy({ keys }, count) {
    const cache = this.#cache;
    let seen = 0;
    for (let index = 0; index < count; index++) {
      const key = this.#hasStrings ? this.#ready[index] : keys[index].latin1Slice(0, KEY_BYTES);
      seen += Buffer.from(cache.get(key))[0];
    }
    return seen;
  }

  set({ keys, values }, count) {
    const cache = this.#cache;
    if (this.#hasStrings) {
      const ready = this.#ready;
      for (let index = 0; index < count; index++) {
        cache.set(ready[index], Buffer.from(values[index]));
      }
      return count;
    }
    for (let index = 0; index < count; index++) {
      cache.set(keys[index].latin1Slice(0, KEY_BYTES), Buffer.from(values[index]));
    }
    return count;
  }
}

async function compare() {
  const policies = options.policies?.split(",") ?? Object.keys(EVICTION_POLICIES);
  const file = fileURLToPath(import.meta.url);
  const contestants = new Map([
    ...policies.map((policy) => [policy, new Contestant(file, { policy }, V8_OPTIONS)]),
    [FROM_BYTES, new Contestant(file, { strings: false }, V8_OPTIONS)],
    [READY_STRINGS, new Contestant(file, { strings: true }, V8_OPTIONS)],
  ]);
  const results = [];
  for (const operation of options.operations.split(",")) {
    progress(operation);
    const rounds = await takeTurns(contestants, operation);
    for (const peerName of [FROM_BYTES, READY_STRINGS]) {
      for (const policy of policies) {
        const [ours, peer] = [rounds.get(policy), rounds.get(peerName)].map((ns) =>
          ns.map((each) => 1e3 / each),
        );
        const name = `${operation} ${VALUE_BYTES} B, ${policy}`;
        results.push(compared({ name, ours, peer, peerName, unit: "M/s" }));
      }
    }
  }
  await Promise.all([...contestants.values()].map((contestant) => contestant.stop()));
  report("store", { results, bars: barsOf(results) }, options);
}

/** Nanoseconds by contestant, of each round. */
async function takeTurns(contestants, operation) {
  const rounds = new Map([...contestants.keys()].map((name) => [name, []]));
  // The first one warms up.
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [name, contestant] of contestants) {
      const ns = await contestant.ask(operation);
      if (round > 0) rounds.get(name).push(ns);
    }
  }
  for (const [name, ns] of rounds) progress(`  ${name.padEnd(24)} ${median(ns).toFixed(0)} ns`);
  return rounds;
}

function barsOf(results) {
  return Object.entries(BARS).flatMap(([policy, ofPolicy]) =>
    Object.entries(ofPolicy).flatMap(([verb, least]) => {
      const name = `${verb} zipf ${VALUE_BYTES} B, ${policy}`;
      const found = results.find((each) => each.name === name && each.peerName === FROM_BYTES);
      return found === undefined ? [] : [bar(`${name} / ${FROM_BYTES}`, found.ratio, { least })];
    }),
  );
}

/** What a contestant does. */
function serve() {
  const random = randomOf(7);
  const laws = { zipf: zipf(ENTRIES, random), uniform: uniform(ENTRIES, random) };
  const messages = new Messages(BATCH, VALUE_BYTES);
  const subject = role.policy === undefined ? new Peer(role.strings) : new Ours(role.policy);
  let newest = 0;
  begin(false);
  answer((operation) => {
    const [verb, law] = operation.split(" ");
    const isInsert = verb === "insert";
    if (isInsert !== newest > ENTRIES) begin(isInsert);
    if (isInsert) return measure(subject.set.bind(subject), () => newest++);
    return measure(subject[verb].bind(subject), laws[law]);
  });

  function begin(isTight) {
    newest = isTight ? 2 * ENTRIES : ENTRIES;
    subject.begin(isTight);
    fill(subject, messages, newest);
  }

  /** Nanoseconds of an operation, without those of making its message. */
  function measure(act, draw) {
    const numbers = new Array(BATCH).fill(0);
    let spentNs = 0;
    let seen = 0;
    for (let done = 0; done < OPERATIONS_PER_ROUND; done += BATCH) {
      for (let index = 0; index < BATCH; index++) numbers[index] = draw();
      messages.write(numbers);
      subject.prepare(messages, numbers);
      const beganAt = nowNs();
      seen += act(messages, BATCH);
      spentNs += nowNs() - beganAt;
    }
    // What is looked at cannot be left out by the compiler.
    if (!Number.isFinite(seen)) throw new Error("a read found nothing");
    return spentNs / OPERATIONS_PER_ROUND;
  }
}

function nowNs() {
  if (options.wall) return performance.now() * 1e6;
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

function fill(subject, messages, count) {
  const numbers = [];
  for (let number = 0; number < count; number += BATCH) {
    numbers.length = 0;
    for (let each = number; each < Math.min(number + BATCH, count); each++) numbers.push(each);
    messages.write(numbers);
    subject.prepare(messages, numbers);
    subject.set(messages, numbers.length);
  }
}

if (role === undefined) await compare();
else serve();
