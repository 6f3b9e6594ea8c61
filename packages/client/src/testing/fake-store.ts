/**
 * What the nodes of a fake cluster answer: the operations of the pipe over one map that they all
 * share, so that a moved partition finds its entries at the new owner.
 */
import { makeVersion } from "@holdfast/core";
import { CODEC, type Operation__Output, type Reply } from "@holdfast/proto";
import { FakeFills } from "./fake-fills.js";

interface Entry {
  readonly value: Buffer;
  readonly encoding: number;
  readonly version: number;
  readonly ttlMs: number | undefined;
}

export class FakeStore {
  /** By cache and key. Deletes remove, so an absent entry has version 0. */
  readonly entries: Map<string, Entry> = new Map();
  /** How often each kind of operation was executed. */
  readonly executed: Map<string, number> = new Map();
  readonly fills: FakeFills = new FakeFills();
  #sequence = 0;

  entry(cache: string, key: string): Entry | undefined {
    return this.entries.get(`${cache} ${key}`);
  }

  execute(operation: Operation__Output, term: number): Reply {
    const { id, kind, cache } = operation;
    this.executed.set(kind, (this.executed.get(kind) ?? 0) + 1);
    if (cache === "unknown") {
      return { id, code: "UNKNOWN_CACHE", message: "no cache is named unknown" };
    }
    return { id, code: "OK", term, ...this.#apply(operation, term) };
  }

  /** As `execute`, of a LOAD: whoever finds nothing gets a token, or waits. */
  async load(operation: Operation__Output, term: number): Promise<Reply> {
    const place = placeOf(operation);
    const read = this.execute({ ...operation, kind: "GET" }, term);
    if (read.value !== undefined || this.fills.isKnownAbsent(place)) return read;
    const asked = await this.fills.ask(place, operation.waitMs === 0);
    return { ...read, ...asked };
  }

  #apply(operation: Operation__Output, term: number): Reply {
    const place = placeOf(operation);
    const old = this.entries.get(place);
    const { expectedVersion } = operation;
    if (expectedVersion !== undefined && expectedVersion !== (old?.version ?? 0)) {
      return { code: "VERSION_CONFLICT", message: `the entry has version ${old?.version ?? 0}` };
    }
    this.#sequence += 1;
    const version = makeVersion(term, this.#sequence);
    switch (operation.kind) {
      case "GET":
        return old === undefined
          ? { version: 0 }
          : {
              value: old.value,
              encoding: old.encoding,
              version: old.version,
              source: "MEMORY",
              ageMs: 7,
              ...(old.ttlMs === undefined ? {} : { ttlLeftMs: old.ttlMs }),
            };
      case "FILL": {
        if (!this.fills.take(place, operation)) return { outcome: "NOT_APPLIED" };
        const { fill = "FOUND", value, encoding, ttlMs: ttlLeftMs } = operation;
        if (fill !== "FOUND") return { outcome: "APPLIED" };
        this.#put(place, operation, value, encoding, version);
        return { outcome: "APPLIED", version, ...(ttlLeftMs !== undefined && { ttlLeftMs }) };
      }
      case "RENEW_FILL":
        return { outcome: this.fills.renew(place, operation) ? "APPLIED" : "NOT_APPLIED" };
      case "SET":
        this.fills.cancel(place);
        this.#put(place, operation, operation.value, operation.encoding, version);
        return { outcome: "APPLIED", version };
      case "DELETE":
        this.fills.cancel(place);
        this.entries.delete(place);
        return { outcome: "APPLIED", version };
      case "TOUCH":
        if (old === undefined) return { version: 0 };
        this.#put(place, operation, old.value, old.encoding, version);
        return { outcome: "APPLIED", version };
      case "INCREMENT": {
        const sum = Number(old?.value.toString() ?? "0") + (operation.delta ?? 0);
        const value = Buffer.from(String(sum));
        this.#put(place, operation, value, CODEC.json, version);
        return { outcome: "APPLIED", version, value, encoding: CODEC.json };
      }
      case "CLEAR":
        this.entries.clear();
        return { outcome: "APPLIED" };
      default:
        return { code: "INVALID_ARGUMENT", message: `unexpected ${operation.kind}` };
    }
  }

  #put(
    place: string,
    { ttlMs }: Operation__Output,
    value: Buffer,
    encoding: number,
    version: number,
  ): void {
    this.entries.set(place, { value, encoding, version, ttlMs });
  }
}

function placeOf({ cache, key }: Operation__Output): string {
  return `${cache} ${key.toString()}`;
}
