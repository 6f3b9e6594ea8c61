/** The checker of the fault suite finds what it is there for; one that finds nothing proves nothing. */
import { describe, expect, it } from "vitest";
import { KeyHistories } from "./key-histories.js";

function createHistories() {
  const time = { nowMs: 0 };
  const histories = new KeyHistories(["other", "key"], () => time.nowMs);
  const change = (kind: "write" | "delete", version: number) => {
    const begun = histories.begin("key", kind);
    const value = kind === "write" ? histories.newValue("key") : 0;
    histories.end(begun, version, value);
    return value;
  };
  const read = (version: number, value: number) =>
    histories.end(histories.begin("key", "read"), version, value);
  return { time, histories, change, read };
}

describe("the histories of keys", () => {
  it("explain what an orderly cluster shows", () => {
    const { histories, change, read } = createHistories();
    read(0, 0);
    const early = histories.begin("key", "read");
    const value = change("write", 5);
    read(5, value);
    change("delete", 6);
    read(0, 0);
    const newer = change("write", 9);
    // Began before anything was known.
    histories.end(early, 5, value);
    read(9, newer);
    expect(histories.violations).toEqual([]);
    expect(histories.known().get("key")).toBe(9);
    expect([histories.acknowledged, histories.reads]).toEqual([3, 5]);
  });

  it("notice an older version, a repeated one and a lost key", () => {
    const { histories, change, read } = createHistories();
    const old = change("write", 5);
    change("write", 7);
    read(5, old);
    change("write", 7);
    read(0, 0);
    expect(histories.violations).toEqual([
      expect.stringMatching(
        /^read of key .* version 5, .*7 was known before, by a \w+ that began at 0 ms$/,
      ),
      expect.stringMatching(
        /^write of key .* version 7, .*7 was known before, by a \w+ that began at 0 ms$/,
      ),
      expect.stringMatching(/^write of key .* version 7, .*has value .* as well$/),
      expect.stringMatching(
        /^read of key .* version 0, .*7 was known before, by a \w+ that began at 0 ms$/,
      ),
    ]);
  });

  it("notice what was deleted and comes back, and what nobody wrote", () => {
    const { histories, change, read } = createHistories();
    const value = change("write", 5);
    change("delete", 6);
    read(5, value);
    read(8, value + 1);
    read(9, value + 200);
    expect(histories.violations).toEqual([
      expect.stringMatching(/version 5, .*6 was known before, by a \w+ that began at 0 ms$/),
      expect.stringMatching(/version 8, .*nobody wrote that$/),
      expect.stringMatching(/version 9, .*nobody wrote that$/),
    ]);
  });

  it("let a deletion of unknown outcome explain an absence, for a while", () => {
    const { time, histories, change, read } = createHistories();
    change("write", 5);
    histories.fail(histories.begin("key", "delete"), { mayHaveHappened: true });
    time.nowMs = 60_000;
    read(0, 0);
    expect(histories.violations).toEqual([]);
    change("write", 8);
    read(0, 0);
    expect(histories.violations).toHaveLength(1);
  });
});
