/**
 * A client process that is measured: connects one of the clients to its server, and runs the load it is asked for.
 * The benchmark forks it, so that clients share neither a heap nor compiled code with each other.
 */
import { KEY_BYTES, randomOf, writeKey, zipf } from "../load.mjs";
import { answer, role } from "../processes.mjs";
import { CLIENTS } from "./clients.mjs";

/** `GET`s among `SET`s, unless it is asked for something else. */
const READ_SHARE = +(process.env.READS ?? 0.9);

const { client: name, address, keys: keyCount, valueBytes } = role;
const random = randomOf(0x5eed);
/** Which keys are asked for, one after the other, over and over: by Zipf's law, as customers ask for products. */
const DRAWS = drawn(2 ** 18);
let draws = 0;
const keys = Array.from({ length: keyCount }, (_, number) => keyOf(number));
const value = Buffer.alloc(valueBytes, 0x61);
const client = await CLIENTS[name](address);

function drawn(count) {
  const draw = zipf(role.keys, random);
  return Uint32Array.from({ length: count }, draw);
}

function nextKey() {
  return keys[DRAWS[draws++ & (DRAWS.length - 1)]];
}

const TASKS = {
  fill: () => fill(),
  single: (task) => single(task),
  latency: (task) => latency(task),
  many: (task) => many(task),
};

answer((task) => TASKS[task.do](task));

async function fill() {
  let next = 0;
  await inParallel(64, async () => {
    while (next < keyCount) await client.set(keys[next++], value);
  });
  return {};
}

/** So many operations, so many of them in flight; answers how many there were in a second. */
async function single({ operations, inFlight }) {
  let left = operations;
  const used = process.cpuUsage();
  const startedAt = performance.now();
  await inParallel(inFlight, async () => {
    while (left-- > 0) {
      const key = nextKey();
      if (random() < READ_SHARE) check(await client.get(key));
      else await client.set(key, value);
    }
  });
  return figuresOf(operations, startedAt, used);
}

/** One at a time; answers how long each took, in milliseconds. */
async function latency({ operations }) {
  const took = new Float64Array(operations);
  for (let index = 0; index < operations; index++) {
    const key = nextKey();
    const startedAt = performance.now();
    check(await client.get(key));
    took[index] = performance.now() - startedAt;
  }
  return [...took.sort()];
}

/** Lists of keys, so many lists in flight; answers how many keys there were in a second. */
async function many({ lists, perList, inFlight }) {
  let left = lists;
  const ready = Array.from({ length: 64 }, () => listOf(perList));
  const used = process.cpuUsage();
  const startedAt = performance.now();
  await inParallel(inFlight, async () => {
    while (--left >= 0) {
      const found = await client.getMany(ready[left % ready.length]);
      if (found !== perList) throw new Error(`${name} found ${found} of ${perList} keys`);
    }
  });
  return figuresOf(lists * perList, startedAt, used);
}

function listOf(count) {
  const wanted = new Set();
  while (wanted.size < count) wanted.add(nextKey());
  return [...wanted];
}

function figuresOf(operations, startedAt, used) {
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(used);
  return { perSecond: (operations / ms) * 1_000, cpuMicroseconds: (user + system) / operations };
}

function inParallel(count, work) {
  return Promise.all(Array.from({ length: count }, work));
}

/** Whoever answers nothing, or something else, is not faster. */
function check(found) {
  if (found?.length !== valueBytes) throw new Error(`${name} did not find what it stored`);
}

function keyOf(number) {
  const key = Buffer.alloc(KEY_BYTES);
  writeKey(key, 0, number);
  return key.latin1Slice();
}
