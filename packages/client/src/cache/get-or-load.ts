/**
 * Reading with a loader for what is missing: asks the owner, and runs the loader if the owner says that it is this
 * client's to run (loader-run.ts). Which callers of this client share in that is the matter of loads.ts.
 *
 * Nobody gets what may be older than his call. So a caller who has joined a load that others began before
 * asks once more, unless the value was loaded here and nothing had happened to the key when it was stored.
 */
import { CacheError } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import type { LoadOptions } from "./cache-types.js";
import type { ClientParts } from "./client-parts.js";
import { type Codec, decodeValue } from "./codecs.js";
import { durationMs, timeoutMsOf } from "./duration.js";
import { type Loaded, LoaderRun, type LoadMissing } from "./loader-run.js";
import { runMany } from "./many.js";
import { type KeyedOperation, loadOperation } from "./requests.js";

/** What a load has come to, for all who share it. */
type Outcome<V> =
  /** The owner knew. */
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

/** Keys that are asked for in one tick, to be loaded together. */
interface Round<V> {
  readonly run: LoaderRun<V>;
  /** Replies that have not come yet. */
  open: number;
  readonly loaded: Promise<ReadonlyMap<string, Loaded<V>>>;
  /** All replies are there. */
  close: () => void;
}

/** One call of `getOrLoad` or `getOrLoadMany`. */
export class Loader<V> {
  readonly #parts: LoaderParts<V>;
  readonly #loadMissing: LoadMissing<V>;
  readonly #options: LoadOptions;
  readonly #timeoutMs: number;
  readonly #negativeTtlMs: number | undefined;
  readonly #deadlineMs: number;
  #round: Round<V> | undefined;

  /** @throws {CacheError} `INVALID_ARGUMENT` when an option is out of range. */
  constructor(parts: LoaderParts<V>, loadMissing: LoadMissing<V>, options: LoadOptions) {
    this.#parts = parts;
    this.#loadMissing = loadMissing;
    this.#options = options;
    const { timeout, negativeTtl: ttl } = options;
    this.#timeoutMs = timeoutMsOf(timeout, parts.client.timeoutMs);
    this.#negativeTtlMs = ttl === undefined ? undefined : durationMs(ttl, "negativeTtl");
    this.#deadlineMs = parts.client.clock.monotonic() + this.#timeoutMs;
  }

  get(key: string): Promise<V | undefined> {
    return this.#share(key, (isWanted) => this.#ask(key, isWanted));
  }

  async getMany(keys: Iterable<string>): Promise<Map<string, V>> {
    const items = new Map([...keys].map((key) => [key, undefined]));
    const start = (key: string) => this.#share(key, (isWanted) => this.#askInRound(key, isWanted));
    const { maxInFlight } = this.#parts.client;
    const { done, failures } = await runMany(items, start, { maxInFlight, stopEarly: true });
    for (const reason of failures.values()) throw reason;
    const found = new Map<string, V>();
    for (const [key, value] of done) if (value !== undefined) found.set(key, value);
    return found;
  }

  async #share(
    key: string,
    start: (isWanted: () => boolean) => Promise<Outcome<V>>,
  ): Promise<V | undefined> {
    const { cache, codec, client } = this.#parts;
    const { signal, maxStale, waitForReady = client.waitForReady } = this.#options;
    const { encoding } = codec;
    const wanted = { cache, key, encoding, deadlineMs: this.#deadlineMs, maxStale, waitForReady };
    for (;;) {
      signal?.throwIfAborted();
      const { result, isLate } = client.loads.run(wanted, signal, start);
      const outcome = isLate ? await this.#inTime(result) : await result;
      const isCurrent = outcome.at === "loaded" && !outcome.isOutdated;
      if (!isLate || isCurrent) return this.#valueOf(outcome);
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

  #valueOf(outcome: Outcome<V>): V | undefined {
    if (outcome.at === "late") throw outcome.error;
    if (outcome.at === "loaded") return outcome.value;
    const { value, encoding } = outcome.reply;
    // Each caller gets a value of his own.
    return value === undefined ? undefined : decodeValue(this.#parts.codec, value, encoding);
  }

  /** Waits, if somebody else is loading the key. */
  async #ask(key: string, isWanted: () => boolean): Promise<Outcome<V>> {
    let reply: Reply__Output;
    try {
      reply = await this.#send(key, undefined);
    } catch (error) {
      const failure = CacheError.from(error);
      if (failure.code === "DEADLINE_EXCEEDED") return { at: "late", error: failure };
      throw error;
    }
    // Whoever waits is told this only by a node that is not the key's owner, while that cannot be reached.
    if (reply.filling) return this.#loadAlone(key);
    const run = this.#createRun();
    if (!this.#take(key, reply, run, isWanted)) return { at: "read", reply };
    if (reply.value === undefined) return loadedOf(key, await run.run());
    // It is stale, and good enough meanwhile.
    run.run().catch((error: unknown) => this.#notRefreshed(error));
    return { at: "read", reply };
  }

  /** Without a token: others may do so too, and nothing is stored. */
  async #loadAlone(key: string): Promise<Loaded<V>> {
    const found = new Map(await this.#loadMissing([key]));
    return { at: "loaded", value: found.get(key), isOutdated: true };
  }

  /** Waits only after what is this client's to load has been loaded: others may be waiting for that in their turn. */
  async #askInRound(key: string, isWanted: () => boolean): Promise<Outcome<V>> {
    const round = this.#openRound();
    round.open += 1;
    let isTaken = false;
    let reply: Reply__Output;
    try {
      reply = await this.#send(key, 0);
      isTaken = this.#take(key, reply, round.run, isWanted);
    } finally {
      round.open -= 1;
      if (round.open === 0) round.close();
    }
    if (isTaken && reply.value === undefined) return loadedOf(key, await round.loaded);
    return reply.filling ? this.#ask(key, isWanted) : { at: "read", reply };
  }

  #openRound(): Round<V> {
    if (this.#round !== undefined) return this.#round;
    const run = this.#createRun();
    let close = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const round: Round<V> = {
      run,
      open: 0,
      close: () => {
        this.#round = undefined;
        close();
      },
      loaded: closed.then(() => run.run()),
    };
    // Who has nothing but stale keys in it does not wait for it.
    round.loaded.catch((error: unknown) => this.#notRefreshed(error));
    this.#round = round;
    return round;
  }

  /** Whether the key is this client's to load; if so, this run of the loader is to do that. */
  #take(key: string, reply: Reply__Output, run: LoaderRun<V>, isWanted: () => boolean): boolean {
    const { fillToken: token, leaseMs = 0 } = reply;
    if (token === undefined) return false;
    run.add({ cache: this.#parts.cache, key, token }, leaseMs, isWanted);
    return true;
  }

  #notRefreshed(error: unknown): void {
    const { cache, client } = this.#parts;
    client.logger.debug({ cache, err: error }, "a loader failed");
  }

  #createRun(): LoaderRun<V> {
    const { codec, client, send } = this.#parts;
    const { clock, closing, logger } = client;
    return new LoaderRun({
      codec,
      loadMissing: this.#loadMissing,
      options: this.#options,
      negativeTtlMs: this.#negativeTtlMs,
      timeoutMs: this.#timeoutMs,
      send,
      clock,
      closing,
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

/** Of a key for which nobody has waited in the end, nothing was loaded. */
function loadedOf<V>(key: string, loaded: ReadonlyMap<string, Loaded<V>>): Loaded<V> {
  return loaded.get(key) ?? { at: "loaded", value: undefined, isOutdated: true };
}
