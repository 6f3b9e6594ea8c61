import { FakeClock, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReuseStack } from "./reuse-stack.js";

const FOREVER = Number.POSITIVE_INFINITY;

interface Key {
  readonly position: number;
  bytes: number;
  expiresAtMs: number;
}

/** The keys by last use, the newest first, and nothing else. */
class NaiveStack {
  keys: Key[] = [];

  bytesSince(position: number): number | undefined {
    const place = this.keys.findIndex((key) => key.position === position);
    if (place < 0) return undefined;
    return this.keys.slice(0, place).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  use(position: number, bytes: number, expiresAtMs: number): void {
    this.remove(position);
    this.keys.unshift({ position, bytes, expiresAtMs });
  }

  remove(position: number): void {
    this.keys = this.keys.filter((key) => key.position !== position);
  }

  retain(maxPosition: number, nowMs: number): void {
    this.keys = this.keys.filter(
      ({ position, expiresAtMs }) => position <= maxPosition && expiresAtMs > nowMs,
    );
  }
}

const CAPACITY = 8;
const POSITIONS = [-(2 ** 31), -40, -16, -1, 0, 1, 5, 16, 32, 2 ** 31 - 1];

const position = fc.constantFrom(...POSITIONS);
const bytes = fc.integer({ min: 1, max: 5_000 });
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("use" as const), position, bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), position, bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("oldest" as const), position, bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("retain" as const), position, bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), position, bytes }) },
);

describe("ReuseStack", () => {
  it("knows exactly how many bytes were used since, as a list would", () => {
    const seed = testSeed();
    const property = fc.property(fc.array(step, { minLength: 60, maxLength: 200 }), (steps) => {
      const stack = new ReuseStack(CAPACITY, new FakeClock(0));
      const naive = new NaiveStack();
      for (const each of steps) {
        const slot = stack.find(each.position);
        const known = naive.bytesSince(each.position);
        expect(slot < 0 ? undefined : stack.bytesSince(slot)).toBe(known);
        if (each.kind === "use") {
          if (slot < 0 && stack.size === CAPACITY) continue;
          if (slot < 0) stack.add(each.position, each.bytes, FOREVER);
          else stack.use(slot, each.bytes, FOREVER);
          naive.use(each.position, each.bytes, FOREVER);
        } else if (each.kind === "remove" && slot >= 0) {
          stack.remove(slot);
          naive.remove(each.position);
        } else if (each.kind === "oldest" && stack.size > 0) {
          stack.removeOldest();
          naive.keys.pop();
        } else if (each.kind === "retain") {
          stack.retain(each.position);
          naive.retain(each.position, 0);
        } else if (each.kind === "clear") {
          stack.clear();
          naive.keys = [];
        }
        expect(stack.size).toBe(naive.keys.length);
        expect(stack.totalBytes).toBe(naive.keys.reduce((sum, key) => sum + key.bytes, 0));
      }
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it("lets go of what has expired when it numbers its keys anew", () => {
    const clock = new FakeClock(0);
    const stack = new ReuseStack(CAPACITY, clock);
    stack.add(1, 100, 1_000);
    stack.add(2, 100, FOREVER);
    clock.advance(1_000);
    for (let use = 0; use < 2 * CAPACITY; use++) stack.use(stack.find(2), 100, FOREVER);
    expect(stack.find(1)).toBe(-1);
    expect(stack.size).toBe(1);
    expect(stack.totalBytes).toBe(100);
  });

  it("keeps a key whose lifetime is prolonged by the use that numbers the keys anew", () => {
    const clock = new FakeClock(0);
    const stack = new ReuseStack(CAPACITY, clock);
    stack.add(1, 100, 1_000);
    stack.add(2, 100, FOREVER);
    for (let use = 2; use < 2 * CAPACITY; use++) stack.use(stack.find(2), 100, FOREVER);
    clock.advance(1_000);
    stack.use(stack.find(1), 100, 2_000);
    expect(stack.bytesSince(stack.find(1))).toBe(0);
    expect(stack.bytesSince(stack.find(2))).toBe(100);
  });
});
