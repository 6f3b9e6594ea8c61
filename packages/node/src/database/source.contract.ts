import { randomUUID } from "node:crypto";
import { beforeEach, expect, it } from "vitest";
import type { FlushRow, Source } from "./source.js";

/** What a source under test comes with. */
export interface SourceUnderTest {
  readonly source: Source;
  readonly encoding: number;
  /** Makes an incarnation that may write. */
  register(incarnation: string): Promise<void>;
  fence(incarnation: string): Promise<void>;
  /** A different key for each number. */
  key(number: number): string;
  /** The same key as a query selects it, e.g. `'a', 1`. */
  keySql(number: number): string;
  /** A value that may be stored under that key; a different one for each `seed`. */
  value(number: number, seed: string): Uint8Array;
  /** What `value` says, as the source gives it back. */
  meaning(value: Uint8Array | undefined): unknown;
}

/** What every source must do, wherever its rows are. Call it inside a `describe`. */
export function itKeepsTheSourceContract(create: () => Promise<SourceUnderTest>): void {
  let test: SourceUnderTest;
  let source: Source;
  const writer = randomUUID();

  beforeEach(async () => {
    test = await create();
    source = test.source;
    await test.register(writer);
    await source.prepare();
  });

  function row(number: number, version: number, seed: string | undefined): FlushRow {
    const value = seed === undefined ? undefined : test.value(number, seed);
    const { encoding } = test;
    return { key: test.key(number), version, value, encoding, expiresAtMs: undefined };
  }

  async function seen(number: number) {
    const [loaded] = await source.load([test.key(number)]);
    if (loaded === undefined || loaded instanceof Error) throw loaded;
    return { value: test.meaning(loaded.value), version: loaded.version };
  }

  const meant = (number: number, seed: string) => test.meaning(test.value(number, seed));

  it("knows nothing of a key that nobody wrote", async () => {
    expect(await seen(1)).toEqual({ value: undefined, version: 0 });
  });

  it("gives back what was flushed, in the order of the keys asked for", async () => {
    const rows = [row(3, 103, "c"), row(1, 101, "a"), row(2, 102, "b")];
    expect(await source.flush(writer, rows)).toEqual({
      at: "flushed",
      rows: [{ at: "applied" }, { at: "applied" }, { at: "applied" }],
    });
    const loaded = await source.load([test.key(2), test.key(9), test.key(1), test.key(2)]);
    expect(loaded).toMatchObject([{ version: 102 }, { version: 0 }, { version: 101 }, {}]);
    expect(await seen(3)).toEqual({ value: meant(3, "c"), version: 103 });
  });

  it("says applied, equal or higher for each row of a batch", async () => {
    await source.flush(writer, [row(1, 10, "a"), row(2, 20, "b")]);
    expect(await source.flush(writer, [row(1, 10, "a"), row(2, 19, "x"), row(3, 30, "c")])).toEqual(
      { at: "flushed", rows: [{ at: "equal" }, { at: "higher", version: 20 }, { at: "applied" }] },
    );
    expect(await seen(1)).toEqual({ value: meant(1, "a"), version: 10 });
    expect(await seen(2)).toEqual({ value: meant(2, "b"), version: 20 });
    expect(await seen(3)).toEqual({ value: meant(3, "c"), version: 30 });
  });

  it("is not changed by a batch that is replayed, whole or behind a newer one", async () => {
    const batch = [row(1, 10, "a"), row(2, 10, undefined), row(3, 10, "c")];
    await source.flush(writer, batch);
    await source.flush(writer, [row(3, 11, "newer")]);
    expect(await source.flush(writer, batch)).toEqual({
      at: "flushed",
      rows: [{ at: "equal" }, { at: "equal" }, { at: "higher", version: 11 }],
    });
    expect(await seen(3)).toEqual({ value: meant(3, "newer"), version: 11 });
  });

  it("does not resurrect a deleted key by an older write, and keeps its version", async () => {
    await source.flush(writer, [row(1, 10, "a")]);
    await source.flush(writer, [row(1, 12, undefined)]);
    expect(await seen(1)).toEqual({ value: undefined, version: 12 });
    expect(await source.flush(writer, [row(1, 11, "late")])).toEqual({
      at: "flushed",
      rows: [{ at: "higher", version: 12 }],
    });
    expect(await seen(1)).toEqual({ value: undefined, version: 12 });
    await source.flush(writer, [row(1, 13, "again")]);
    expect(await seen(1)).toEqual({ value: meant(1, "again"), version: 13 });
  });

  it("remembers the deletion of a key that never had a row", async () => {
    await source.flush(writer, [row(1, 10, undefined)]);
    expect(await seen(1)).toEqual({ value: undefined, version: 10 });
  });

  it("carries versions up to the largest safe integer", async () => {
    await source.flush(writer, [row(1, Number.MAX_SAFE_INTEGER, "a")]);
    expect((await seen(1)).version).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("writes nothing for an incarnation that has been fenced", async () => {
    await source.flush(writer, [row(1, 10, "a")]);
    await test.fence(writer);
    expect(await source.flush(writer, [row(1, 11, "b"), row(2, 11, "b")])).toEqual({
      at: "fenced",
    });
    expect(await seen(1)).toEqual({ value: meant(1, "a"), version: 10 });
    expect(await seen(2)).toEqual({ value: undefined, version: 0 });
  });

  it("writes nothing for an incarnation that the database does not know", async () => {
    expect(await source.flush(randomUUID(), [row(1, 10, "a")])).toEqual({ at: "missing" });
    expect(await seen(1)).toEqual({ value: undefined, version: 0 });
  });

  it("takes an empty batch", async () => {
    expect(await source.flush(writer, [])).toEqual({ at: "flushed", rows: [] });
    expect(await source.load([])).toEqual([]);
  });

  it("refuses a batch with two rows for one key", async () => {
    await expect(source.flush(writer, [row(1, 10, "a"), row(1, 11, "b")])).rejects.toThrow(
      "two rows for one key",
    );
  });

  it("parks a dead letter once, and none for a writer that is not live", async () => {
    const problem = { sqlstate: "23514", message: "too\0 bad" };
    expect(await source.deadLetter(writer, row(1, 10, "a"), problem)).toEqual({ at: "parked" });
    expect(await source.deadLetter(writer, row(1, 10, "a"), problem)).toEqual({ at: "parked" });
    expect(await source.deadLetter(writer, row(2, 10, undefined), problem)).toEqual({
      at: "parked",
    });
    expect(await source.deadLetter(randomUUID(), row(3, 10, "a"), problem)).toEqual({
      at: "missing",
    });
    await test.fence(writer);
    expect(await source.deadLetter(writer, row(4, 10, "a"), problem)).toEqual({ at: "fenced" });
  });

  it("tells people what it has of a key", async () => {
    expect(await source.inspect(test.key(1))).toMatchObject({ state: "absent", version: 0 });
    await source.flush(writer, [row(1, 10, "a"), row(2, 10, undefined)]);
    expect(await source.inspect(test.key(1))).toEqual({
      state: "present",
      version: 10,
      expiresAtMs: undefined,
      updatedAtMs: expect.any(Number),
    });
    expect(await source.inspect(test.key(2))).toMatchObject({ state: "tombstone", version: 10 });
  });

  it("says that no tombstone is gone while none is", async () => {
    expect(await source.tombstonesGoneUntil()).toBeUndefined();
  });

  it("yields the keys of a query in chunks, up to a limit", async () => {
    const numbers = [0, 1, 2, 3, 4];
    const keys = numbers.map((number) => test.key(number));
    const selects = numbers.map((number) => `SELECT ${test.keySql(number)}, ${number}`);
    const found: string[] = [];
    const query = `${selects.join(" UNION ALL ")}; `;
    for await (const chunk of source.keysOf(query, 100)) found.push(...chunk);
    expect(found).toEqual(keys);
    const first: string[] = [];
    for await (const chunk of source.keysOf(query, 2)) first.push(...chunk);
    expect(first).toEqual(keys.slice(0, 2));
  });
}
