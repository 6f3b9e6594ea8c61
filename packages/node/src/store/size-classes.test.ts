import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "./pages.js";
import { CLASSES, classOf, MAX_SLOT_BYTES, SLOT_BYTES, SLOTS_PER_PAGE } from "./size-classes.js";

const sizes = Array.from({ length: MAX_SLOT_BYTES }, (_, index) => index + 1);
const slotFor = (bytes: number): number => SLOT_BYTES[classOf(bytes)] as number;

describe("size classes", () => {
  it("hold every size up to the largest slot, in the smallest slot that does", () => {
    const wrong = sizes.filter((bytes) => {
      const smaller = SLOT_BYTES[classOf(bytes) - 1] ?? 0;
      return !(slotFor(bytes) >= bytes && smaller < bytes);
    });
    expect(wrong).toEqual([]);
  });

  it("waste less than 8 bytes up to 256, and at most a sixteenth beyond", () => {
    const small = sizes.filter((bytes) => bytes > 8 && bytes <= 256);
    expect(Math.max(...small.map((bytes) => slotFor(bytes) - bytes))).toBe(7);
    const large = sizes.filter((bytes) => bytes > 256);
    expect(Math.max(...large.map((bytes) => slotFor(bytes) / bytes))).toBeLessThanOrEqual(
      1 + 1 / 16,
    );
  });

  it("ascend in multiples of 8 from 16 to the largest slot", () => {
    expect(SLOT_BYTES[0]).toBe(16);
    expect(SLOT_BYTES.at(-1)).toBe(MAX_SLOT_BYTES);
    expect(SLOT_BYTES).toEqual([...new Set(SLOT_BYTES)].toSorted((a, b) => a - b));
    expect(SLOT_BYTES.filter((bytes) => bytes % 8 !== 0)).toEqual([]);
    expect(CLASSES).toBe(SLOT_BYTES.length);
  });

  it("fill a page with as many slots as fit, and none begins in its last unit", () => {
    SLOTS_PER_PAGE.forEach((slots, sizeClass) => {
      const bytes = SLOT_BYTES[sizeClass] as number;
      expect(slots * bytes).toBeLessThanOrEqual(PAGE_BYTES);
      expect((slots + 1) * bytes).toBeGreaterThan(PAGE_BYTES);
      expect((slots - 1) * bytes).toBeLessThan(PAGE_BYTES - 8);
    });
  });
});
