/** Soft lifetimes that callers state for single entries. */
import { describe, expect, it } from "vitest";
import { PREFIX_BYTES } from "../store/record-layout.js";
import { CACHE_ID, createCacheFixture, PARTITION, text, textOf } from "../testing/cache-fixture.js";
import { turn } from "../testing/turns.js";

const OWN_MS = 2_000;
/** The cache's. */
const SOFT_MS = 10_000;

const own = (value: string, softTtlMs = OWN_MS) => ({ ...text(value), softTtlMs });

describe("an entry with a soft lifetime of its own", () => {
  function start(softTtl: string | number = SOFT_MS) {
    const fixture = createCacheFixture("cache-aside", { ttl: "1m", softTtl });
    const { operations, context } = fixture;
    const read = async (key = "k") => operations.get(key, context());
    const isPlain = (key: string) => {
      const bytes = Buffer.from(key);
      const { clock } = fixture;
      return operations.findPlain(bytes, 0, bytes.length, clock.now()) !== undefined;
    };
    return { ...fixture, read, isPlain };
  }

  it.each([SOFT_MS, 0])("is stale after that, whatever the cache says (%i ms)", async (softTtl) => {
    const { operations, context, read, isPlain, clock } = start(softTtl);
    await operations.set("k", own("mine"), undefined, context());
    await operations.set("other", text("theirs"), undefined, context());
    expect([isPlain("k"), isPlain("other")]).toEqual([false, true]);
    clock.advance(OWN_MS - 1);
    expect(await read()).toMatchObject({ stale: false, encoding: 2 });
    clock.advance(1);
    const stale = await read();
    expect(stale).toMatchObject({ stale: true, encoding: 2, ageMs: OWN_MS });
    expect([textOf(stale), textOf(await read("other"))]).toEqual(["mine", "theirs"]);
    expect(await read("other")).toMatchObject({ stale: false });
  });

  it("is never stale where that is 0", async () => {
    const { operations, context, read, clock } = start();
    await operations.set("k", own("mine", 0), undefined, context());
    clock.advance(5 * SOFT_MS);
    expect(await read()).toMatchObject({ stale: false });
  });

  it("takes eight bytes for it, and one without takes none", async () => {
    const { operations, context, cache } = start();
    await operations.set("k", own("a value of some length"), undefined, context());
    await operations.set("l", text("a value of some length"), undefined, context());
    const [mine, theirs] = ["k", "l"].map((key) => cache.store.peek(key)?.value?.byteLength ?? 0);
    expect((mine as number) + PREFIX_BYTES - (theirs as number)).toBe(8);
    expect(cache.memoryFacts("k", context()).cached).toMatchObject({
      valueBytes: theirs,
      encoding: 2,
    });
  });

  it("has it at its next owner", async () => {
    const { operations, context, cache, clock } = start();
    await operations.set("k", own("mine"), undefined, context());
    const [copy] = [...cache.hottest(PARTITION)];
    const next = start();
    if (copy === undefined) throw new Error("nothing travels");
    next.cache.keepCopy({ ...copy, cacheId: CACHE_ID });
    next.clock.advance(OWN_MS + clock.now() - next.clock.now());
    const read = await next.read();
    expect(read).toMatchObject({ stale: true, encoding: 2 });
    expect(textOf(read)).toBe("mine");
  });

  it("is loaded anew by one caller, who states it again or does not", async () => {
    const { operations, context, read, clock } = start();
    await operations.set("k", own("mine"), undefined, context());
    clock.advance(OWN_MS);
    const asked = await operations.filling.load("k", undefined, context());
    if (asked.at !== "granted") throw new Error("no token");
    await operations.filling.found("k", asked.token, own("newer", 500), context());
    clock.advance(500);
    expect(await read()).toMatchObject({ stale: true });
    await operations.set("k", text("newest"), undefined, context());
    clock.advance(OWN_MS);
    expect(await read()).toMatchObject({ stale: false });
  });

  it("refuses one that is negative", async () => {
    const { operations, context } = start();
    const set = async () => operations.set("k", own("mine", -1), undefined, context());
    await expect(set()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each(["write-through", "write-behind"] as const)(
    "is written to the database plain, and is stale once it is there (%s)",
    async (pattern) => {
      const fixture = createCacheFixture(pattern, { ttl: "1h" });
      const { operations, context, source, clock } = fixture;
      await operations.set("k", own("mine"), undefined, context());
      // A new lifetime is no other value.
      await operations.touch("k", 3_000_000, context());
      await clock.advanceAsync(OWN_MS + 1_000);
      await turn(10);
      expect(source.rows.get("k")).toMatchObject({ value: Buffer.from("mine"), encoding: 2 });
      const stale = await operations.get("k", context());
      expect([textOf(stale), stale.stale]).toEqual(["mine", true]);
      await turn(10);
      // What was loaded has the cache's.
      clock.advance(OWN_MS);
      expect(await operations.get("k", context())).toMatchObject({ stale: false, encoding: 2 });
    },
  );

  it("is not read out of a row with an encoding that nobody here has written", async () => {
    const { operations, context, source } = createCacheFixture("read-through");
    source.plant("k", "row");
    const row = source.rows.get("k");
    if (row !== undefined) source.rows.set("k", { ...row, encoding: 0x8002 });
    const read = async () => operations.get("k", context());
    await expect(read()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
