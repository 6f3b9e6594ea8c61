import { describe, expect, it } from "vitest";
import { Ghosts } from "./ghosts.js";
import { spread } from "./spread.js";

/** The hash of the nth key. */
const hash = (key: number) => spread(key, 0);

function createGhosts(capacity: number) {
  const ghosts = new Ghosts();
  ghosts.setCapacity(capacity);
  return ghosts;
}

describe("Ghosts", () => {
  it("remember a key once", () => {
    const ghosts = createGhosts(100);
    ghosts.add(hash(1));
    expect(ghosts.take(hash(2))).toBe(false);
    expect(ghosts.take(hash(1))).toBe(true);
    expect(ghosts.take(hash(1))).toBe(false);
  });

  it.each([10, 1_000, 50_000])(
    "remember nearly all of the last %i keys, and forget the others",
    (capacity) => {
      const ghosts = createGhosts(capacity);
      for (let key = 0; key < 5 * capacity; key++) ghosts.add(hash(key));
      let old = 0;
      for (let key = 0; key < 3.9 * capacity; key++) if (ghosts.take(hash(key))) old += 1;
      let recent = 0;
      for (let key = 4 * capacity; key < 5 * capacity; key++)
        if (ghosts.take(hash(key))) recent += 1;
      expect(old).toBeLessThanOrEqual(capacity / 100);
      expect(recent).toBeGreaterThanOrEqual(0.97 * capacity - 1);
    },
  );

  it("take one of a thousand strangers at most for a key that they know", () => {
    const ghosts = createGhosts(10_000);
    for (let key = 0; key < 20_000; key++) ghosts.add(hash(key));
    let strangers = 0;
    for (let key = 0; key < 100_000; key++) if (ghosts.take(hash(1_000_000 + key))) strangers += 1;
    expect(strangers).toBeLessThanOrEqual(100);
  });

  it("remember through small changes of the capacity, and take no memory before the first key", () => {
    const ghosts = createGhosts(1_000);
    expect(ghosts.tableBytes).toBe(0);
    ghosts.add(hash(1));
    expect(ghosts.tableBytes).toBeGreaterThanOrEqual(4_500);
    expect(ghosts.tableBytes).toBeLessThanOrEqual(4_600);
    ghosts.setCapacity(900);
    expect(ghosts.take(hash(1))).toBe(true);
  });
});
