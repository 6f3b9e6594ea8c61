/**
 * Reading with a loader for what is missing: asks the owner, and runs the loader if the owner says that it is this
 * client's to run (loader-run.ts), once for all keys of a call that it is (load-rounds.ts). Which callers of this
 * client share in that is the matter of loads.ts.
 *
 * Nobody gets what may be older than his call. So a caller who has joined a load that others began before
 * asks once more, unless the value was loaded here and nothing had happened to the key when it was stored.
 */
import { CacheError } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import type { KeyedOperation } from "../calls/plain-operation.js";
import type { LoadOptions, ReadResult } from "./cache-types.js";
import type { ClientParts } from "./client-parts.js";
import type { Codec } from "./codecs.js";
import { durationMs, timeoutMsOf } from "./duration.js";
import { LoadRounds } from "./load-rounds.js";
import { type Loaded, type LoadedKeys, LoaderRun, type LoadMissing } from "./loader-run.js";
import { runMany } from "./many.js";
import { loadOperation, readResult } from "./requests.js";

/** What a load has come to, for all who share it. */
type Outcome<V> =
  /** The owner knew, or has kept what there was. */
  | { readonly at: "read"; readonly reply: Reply__Output }
  | Loaded<V>
  /** Time ran out while others were loading. */
  | { readonly at: "late"; readonly error: CacheError };

export interface LoaderParts<V> {
  readonly cache: string;
  readonly codec: Codec<V>;
  readonly client: ClientParts;
  readonly send: (operation: KeyedOperation, timeoutMs: number) => Promise<Reply__Output>;
}

/** What the owner has said of a key. */
interface Answer<V> {
  readonly reply: Reply__Output;
  /** `undefined`: it is not this client's to load. */
  readonly loaded: Promise<LoadedKeys<V>> | undefined;
}

/** One call of `getOrLoad` or `getOrLoadMany`. */
export class Loader<V> {
  readonly #parts: LoaderParts<V>;
  readonly #loadMissing: LoadMissing<V>;
  readonly #options: LoadOptions;
  readonly #timeoutMs: number;
  readonly #negativeTtlMs: number | undefined;
  readonly #deadlineMs: number;
  /** Of keys that nobody else was loading. */
  readonly #hasty: LoadRounds<V>;
  /** Of keys that somebody else was loading, or may have been. It waits for the replies about the others, too. */
  readonly #patient: LoadRounds<V>;

  /** @throws {CacheError} `INVALID_ARGUMENT` when an option is out of range. */
  constructor(parts: LoaderParts<V>, loadMissing: LoadMissing<V>, options: LoadOptions) {
    this.#parts = parts;
    this.#loadMissing = loadMissing;
    this.#options = options;
    const { timeout, negativeTtl: ttl } = options;
    this.#timeoutMs = timeoutMsOf(timeout, parts.client.timeoutMs);
    this.#negativeTtlMs = ttl === undefined ? undefined : durationMs(ttl, "negativeTtl");
    const { clock, logger } = parts.client;
    this.#deadlineMs = clock.monotonic() + this.#timeoutMs;
    const rounds = { cache: parts.cache, createRun: () => this.#createRun(), clock, logger };
    this.#hasty = new LoadRounds(rounds);
    this.#patient = new LoadRounds(rounds);
  }

  get(key: string): Promise<ReadResult<V>> {
    return this.#share(key, (isWanted) => this.#ask(key, isWanted));
  }

  async getMany(keys: Iterable<string>): Promise<Map<string, V>> {
    const items = new Map([...keys].map((key) => [key, undefined]));
    const start = (key: string) => this.#share(key, (isWanted) => this.#askHastily(key, isWanted));
    const { maxInFlight } = this.#parts.client;
    const { done, failures } = await runMany(items, start, { maxInFlight, stopEarly: true });
    for (const reason of failures.values()) throw reason;
    const found = new Map<string, V>();
    for (const [key, { value }] of done) if (value !== undefined) found.set(key, value);
    return found;
  }

  async #share(
    key: string,
    start: (isWanted: () => boolean) => Promise<Outcome<V>>,
  ): Promise<ReadResult<V>> {
    const { cache, codec, client } = this.#parts;
    const { signal, maxStale, waitForReady = client.waitForReady } = this.#options;
    const { encoding } = codec;
    const wanted = { cache, key, encoding, deadlineMs: this.#deadlineMs, maxStale, waitForReady };
    for (;;) {
      signal?.throwIfAborted();
      const { result, isLate } = client.loads.run(wanted, signal, start);
      const outcome = isLate ? await this.#inTime(result) : await result;
      const isCurrent = outcome.at === "loaded" && !outcome.isOutdated;
      if (!isLate || isCurrent) return this.#toResult(outcome);
      if (client.clock.monotonic() >= this.#deadlineMs) throw timedOut();
    }
  }

  /** For a load that others have begun, this caller waits no longer than he has time. */
  #inTime(result: Promise<Outcome<V>>): Promise<Outcome<V>> {
    const { clock } = this.#parts.client;
    const leftMs = Math.max(0, this.#deadlineMs - clock.monotonic());
    return new Promise((resolve, reject) => {
      const cancel = clock.after(leftMs, () => reject(timedOut()));
      result.then(resolve, reject).finally(cancel);
    });
  }

  #toResult(outcome: Outcome<V>): ReadResult<V> {
    if (outcome.at === "late") throw outcome.error;
    if (outcome.at === "loaded") return toReadResult(outcome);
    const { codec, client } = this.#parts;
    const { stale, ttlLeftMs } = outcome.reply;
    if (stale) client.loads.events[ttlLeftMs === 0 ? "inGrace" : "stale"] += 1;
    // Each caller gets a value of his own.
    return readResult(outcome.reply, codec);
  }

  async #ask(key: string, isWanted: () => boolean): Promise<Outcome<V>> {
    return outcomeOf(key, await this.#patient.during(() => this.#askPatiently(key, isWanted)));
  }

  /** Waits only after what is this client's to load has been loaded: others may be waiting for that in their turn. */
  async #askHastily(key: string, isWanted: () => boolean): Promise<Outcome<V>> {
    const answer = await this.#patient.during(async () => {
      const known = await this.#hasty.during(async (): Promise<Answer<V> | undefined> => {
        const reply = await this.#send(key, 0);
        if (reply.filling) return undefined;
        return { reply, loaded: this.#take(key, reply, this.#hasty, isWanted) };
      });
      return known ?? this.#askPatiently(key, isWanted);
    });
    return outcomeOf(key, answer);
  }

  /** Waits, if somebody else is loading the key. Returns the error when time runs out meanwhile. */
  async #askPatiently(key: string, isWanted: () => boolean): Promise<Answer<V> | CacheError> {
    try {
      const reply = await this.#send(key, undefined);
      return { reply, loaded: this.#take(key, reply, this.#patient, isWanted) };
    } catch (error) {
      const failure = CacheError.from(error);
      if (failure.code === "DEADLINE_EXCEEDED") return failure;
      throw error;
    }
  }

  /** Adds the key to these rounds, if it is this client's to load. */
  #take(
    key: string,
    reply: Reply__Output,
    rounds: LoadRounds<V>,
    isWanted: () => boolean,
  ): Answer<V>["loaded"] {
    const { cache, client } = this.#parts;
    const { fillToken: token, leaseMs = 0, filling, hasGrace = false } = reply;
    // Whoever waits is told this only by a node that is not the key's owner, while that cannot be reached.
    if (filling) return rounds.add((run) => run.addAlone(key, isWanted));
    if (token === undefined) return undefined;
    const { events } = client.loads;
    events.tokens += 1;
    if (reply.value !== undefined && !reply.stale) events.ahead += 1;
    return rounds.add((run) => run.add({ cache, key, token, hasGrace }, leaseMs, isWanted));
  }

  #createRun(): LoaderRun<V> {
    const { codec, client, send } = this.#parts;
    const { clock, closing, logger, loads } = client;
    return new LoaderRun({
      codec,
      loadMissing: this.#loadMissing,
      options: this.#options,
      negativeTtlMs: this.#negativeTtlMs,
      timeoutMs: this.#timeoutMs,
      send,
      clock,
      closing,
      events: loads.events,
      logger,
    });
  }

  #send(key: string, waitMs: number | undefined): Promise<Reply__Output> {
    const { cache, client, send } = this.#parts;
    const leftMs = Math.max(1, this.#deadlineMs - client.clock.monotonic());
    return send(loadOperation(cache, key, waitMs, this.#options), leftMs);
  }
}

function timedOut(): CacheError {
  return new CacheError(
    "DEADLINE_EXCEEDED",
    "time ran out while another caller was loading the key",
  );
}

async function outcomeOf<V>(key: string, answer: Answer<V> | CacheError): Promise<Outcome<V>> {
  if (answer instanceof CacheError) return { at: "late", error: answer };
  const { reply, loaded } = answer;
  // What is stale, or soon will be, is good enough meanwhile.
  if (loaded === undefined || reply.value !== undefined) return { at: "read", reply };
  const outcome = (await loaded).get(key) ?? NOT_LOADED;
  if (outcome.at === "loaded") return outcome;
  if (outcome.former?.value !== undefined) return { at: "read", reply: outcome.former };
  throw outcome.error;
}

function toReadResult<V>({ value, version, ttlLeftMs }: Loaded<V>): ReadResult<V> {
  const source = value === undefined ? "none" : "loader";
  return { value, version, source, ageMs: 0, stale: false, ttlLeftMs, unpersisted: false };
}

/** What has become of a key for which nobody has waited in the end. */
const NOT_LOADED: Loaded<never> = {
  at: "loaded",
  value: undefined,
  version: 0,
  ttlLeftMs: undefined,
  isOutdated: true,
};
