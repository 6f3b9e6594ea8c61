/** Keeps the list of `npm run mutations` and its results true; the run itself takes too long for every day. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { MUTATIONS } from "../scripts/mutation-rules.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string) => readFileSync(`${ROOT}${file}`, "utf8");

describe("the safety rules that can be switched off", () => {
  it.each(MUTATIONS)("$rule", ({ rule, file, from }) => {
    expect(read(file).split(from)).toHaveLength(2);
    const result = read("test/mutations.md")
      .split("\n")
      .find((line) => line.includes(`| ${rule} |`));
    expect(result).toContain(file);
    expect(result).not.toContain("**nobody**");
  });
});
