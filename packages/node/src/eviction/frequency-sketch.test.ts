import { describe, expect, it } from "vitest";
import { FrequencySketch } from "./frequency-sketch.js";
import { spread } from "./spread.js";

/** The hash of the nth key. */
const hash = (key: number) => spread(key, 0);

function createSketch(counters: number, incrementsPerEpoch = 1e9) {
  const sketch = new FrequencySketch();
  sketch.resize(counters, incrementsPerEpoch);
  return sketch;
}

describe("FrequencySketch", () => {
  it("counts a key up to fifteen", () => {
    const sketch = createSketch(1_000);
    const counts: number[] = [];
    for (let times = 0; times < 20; times++) {
      counts.push(sketch.frequency(hash(1)));
      sketch.increment(hash(1));
    }
    expect(counts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15, 15, 15, 15]);
  });

  it.each([100, 777, 5_000])(
    "never counts too little, and seldom too much, with %i keys",
    (keys) => {
      const sketch = createSketch(16 * keys);
      const timesOf = (key: number) => 1 + (key % 4);
      for (let round = 1; round <= 4; round++) {
        for (let key = 0; key < keys; key++) if (timesOf(key) >= round) sketch.increment(hash(key));
      }
      let tooMuch = 0;
      for (let key = 0; key < keys; key++) {
        const frequency = sketch.frequency(hash(key));
        expect(frequency).toBeGreaterThanOrEqual(timesOf(key));
        if (frequency > timesOf(key)) tooMuch += 1;
      }
      expect(tooMuch).toBeLessThanOrEqual(0.02 * keys);
    },
  );

  it("says of most strangers that nobody asked for them", () => {
    const sketch = createSketch(16_000);
    for (let key = 0; key < 1_000; key++) sketch.increment(hash(key));
    let strangers = 0;
    for (let key = 1_000; key < 11_000; key++) if (sketch.frequency(hash(key)) > 0) strangers += 1;
    expect(strangers).toBeLessThanOrEqual(200);
  });

  it("halves every count after so many increments, once, twice, until nothing is left", () => {
    const sketch = createSketch(128_000, 1_000);
    for (let times = 0; times < 12; times++) sketch.increment(hash(1));
    const counts: number[] = [];
    let key = 2;
    for (let epoch = 0; epoch < 5; epoch++) {
      // One key is asked for throughout, so that the others cannot crowd the table.
      for (let i = epoch === 0 ? 12 : 0; i < 1_000; i++) sketch.increment(hash(key));
      key += 1;
      counts.push(sketch.frequency(hash(1)));
    }
    expect(counts).toEqual([6, 3, 1, 0, 0]);
  });

  it("forgets what it has not looked at for many halvings", () => {
    const sketch = createSketch(128_000, 10);
    for (let times = 0; times < 9; times++) sketch.increment(hash(1));
    for (let i = 0; i < 1_000; i++) sketch.increment(hash(2));
    expect(sketch.frequency(hash(1))).toBe(0);
  });

  it("takes half a byte for a counter, and none before the first", () => {
    const sketch = createSketch(16_000);
    expect(sketch.tableBytes).toBe(0);
    sketch.increment(hash(1));
    expect(sketch.tableBytes).toBeGreaterThanOrEqual(8_000);
    expect(sketch.tableBytes).toBeLessThanOrEqual(8_200);
  });
});
