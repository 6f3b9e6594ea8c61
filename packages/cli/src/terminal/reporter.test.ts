import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { formatCount, Reporter } from "./reporter.js";

function open(isTTY: boolean, columns = 80) {
  const clock = new FakeClock();
  const stream = {
    isTTY,
    columns,
    text: "",
    write(text: string) {
      this.text += text;
    },
  };
  return { clock, stream, reporter: new Reporter(stream, clock) };
}

describe("Reporter", () => {
  it("writes plain lines about long work from time to time where there is no terminal", () => {
    const { clock, reporter, stream } = open(false);
    const progress = reporter.progress("lookups", 2_000);
    progress.update(100);
    clock.advance(4_999);
    progress.update(900);
    expect(stream.text).toBe("");
    clock.advance(1);
    progress.update(1_000, { note: "products" });
    progress.update(1_001);
    progress.finish();
    expect(stream.text).toBe("   50 %  lookups: 1,000 of 2,000, products\n");
  });

  it("redraws a bar on a terminal, not too often, and wipes it at the end", () => {
    const { clock, reporter, stream } = open(true);
    const progress = reporter.progress("keys", 4);
    stream.text = "";
    progress.update(1);
    expect(stream.text).toBe("");
    clock.advance(100);
    progress.update(2);
    expect(stream.text).toContain("████████████░░░░░░░░░░░░");
    expect(stream.text).toContain("50 %  keys: 2 of 4");
    progress.finish();
    expect(stream.text.endsWith("\r\u001b[2K")).toBe(true);
  });

  it("keeps a bar within the width of the terminal", () => {
    const { reporter, stream } = open(true, 30);
    reporter.progress("a label that is much too long for it", 1_000_000);
    expect(stream.text.replace("\r\u001b[2K", "").length).toBeLessThan(30);
  });

  it("puts lines above a bar that is being drawn", () => {
    const { reporter, stream } = open(true);
    reporter.progress("keys", 4);
    stream.text = "";
    reporter.line("something happened");
    expect(stream.text.startsWith("\r\u001b[2Ksomething happened\n\r\u001b[2K  ░")).toBe(true);
  });

  it("learns the whole while it goes on", () => {
    const { clock, reporter, stream } = open(false);
    const progress = reporter.progress("keys", 0);
    clock.advance(5_000);
    progress.update(5, { total: 10 });
    expect(stream.text).toContain("50 %  keys: 5 of 10");
  });
});

describe("formatCount", () => {
  it("sets thousands apart", () => {
    expect([formatCount(999), formatCount(1_234_567.8)]).toEqual(["999", "1,234,568"]);
  });
});
