import type { Operation } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { Preparations } from "./preparations.js";

/** Work that a test ends when it likes. */
class Piece {
  readonly operation: Operation;
  hasBegun = false;
  #settle: (outcome: Promise<Operation>) => void = () => {};

  constructor(name: string) {
    this.operation = { cache: name };
  }

  readonly work = (): Promise<Operation> => {
    this.hasBegun = true;
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  };

  async end(outcome: Promise<Operation> = Promise.resolve(this.operation)): Promise<void> {
    this.#settle(outcome);
    await outcome.catch(() => {});
    await new Promise(setImmediate);
  }
}

/** Enters pieces and ready operations, and notes in which order they are let go. */
function createPreparations(maxRunning: number) {
  const preparations = new Preparations(maxRunning);
  const left: unknown[] = [];
  const enter = (entry: string, work: Parameters<Preparations["enter"]>[1]) =>
    preparations.enter(
      entry,
      work,
      ({ cache }) => left.push(cache),
      (reason) => left.push(reason),
    );
  return { preparations, left, enter };
}

describe("Preparations", () => {
  it("run a few at a time, the others in the order in which they came", async () => {
    const { enter, left } = createPreparations(2);
    const pieces = ["a", "b", "c", "d"].map((name) => new Piece(name));
    const [a, b, c, d] = pieces as [Piece, Piece, Piece, Piece];
    for (const piece of pieces) enter(String(piece.operation.cache), piece.work);
    expect(pieces.map(({ hasBegun }) => hasBegun)).toEqual([true, true, false, false]);
    await b.end();
    expect(pieces.map(({ hasBegun }) => hasBegun)).toEqual([true, true, true, false]);
    await a.end();
    await c.end();
    await d.end();
    expect(left).toEqual(["b", "a", "c", "d"]);
  });

  it("let operations of one entry go in the order of their calls, ready ones too", async () => {
    const { preparations, enter, left } = createPreparations(4);
    const [first, second] = [new Piece("first"), new Piece("second")];
    expect(preparations.has("k")).toBe(false);
    enter("k", first.work);
    expect(preparations.has("k")).toBe(true);
    enter("k", second.work);
    enter("k", { cache: "ready" });
    enter("other", { cache: "other" });
    await second.end();
    expect(left).toEqual(["other"]);
    await first.end();
    expect(left).toEqual(["other", "first", "second", "ready"]);
    expect(preparations.isIdle).toBe(true);
  });

  it("tell a failure, and go on with the next", async () => {
    const { preparations, enter, left } = createPreparations(1);
    const [bad, good] = [new Piece("bad"), new Piece("good")];
    enter("k", bad.work);
    enter("k", good.work);
    const reason = new Error("out of memory");
    await bad.end(Promise.reject(reason));
    await good.end();
    expect(left).toEqual([reason, "good"]);
    expect(preparations.isIdle).toBe(true);
  });

  it("never begin what was given up, and hold nobody up for it", async () => {
    const { preparations, enter, left } = createPreparations(1);
    const [running, waiting] = [new Piece("running"), new Piece("waiting")];
    const giveUpRunning = enter("k", running.work);
    const giveUpWaiting = enter("k", waiting.work);
    enter("k", { cache: "ready" });
    giveUpWaiting();
    giveUpRunning();
    expect(left).toEqual(["ready"]);
    expect(preparations.isIdle).toBe(true);
    await running.end();
    expect(waiting.hasBegun).toBe(false);
    expect(left).toEqual(["ready"]);
    giveUpRunning();
    const later = new Piece("later");
    enter("k", later.work);
    expect(later.hasBegun).toBe(true);
  });
});
