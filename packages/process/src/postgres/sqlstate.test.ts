import { describe, expect, it } from "vitest";
import { describeSqlstate, faultOf, leavesConnectionUsable } from "./sqlstate.js";

describe("SQLSTATE", () => {
  it.each([
    ["40001", "transient"],
    ["40P01", "transient"],
    ["55P03", "transient"],
    ["57014", "transient"],
    ["57P01", "transient"],
    ["57P03", "transient"],
    ["53100", "transient"],
    ["53300", "transient"],
    ["25006", "transient"],
    ["08006", "transient"],
    ["58030", "transient"],
    ["XX000", "transient"],
    ["21000", "row"],
    ["22001", "row"],
    ["22P02", "row"],
    ["23502", "row"],
    ["23503", "row"],
    ["23505", "row"],
    ["44000", "row"],
    ["54000", "row"],
    ["P0001", "row"],
    ["28P01", "setup"],
    ["3D000", "setup"],
    ["42501", "setup"],
    ["42P01", "setup"],
    ["55000", "setup"],
    ["25001", "setup"],
    ["0A000", "setup"],
    ["ZZ999", "setup"],
  ])("%s is a matter of: %s", (sqlstate, fault) => {
    expect(faultOf(sqlstate)).toBe(fault);
  });

  it("is named where operators know the condition by name, and given in any case", () => {
    expect(describeSqlstate("40P01")).toBe("deadlock (SQLSTATE 40P01)");
    expect(describeSqlstate("ZZ999")).toBe("SQLSTATE ZZ999");
  });

  it.each([
    ["23505", true],
    ["40001", true],
    ["55P03", true],
    ["57014", true],
    ["25006", false],
    ["57P01", false],
    ["0A000", false],
    ["53200", false],
    ["XX000", false],
  ])("after %s the connection is kept: %s", (sqlstate, isKept) => {
    expect(leavesConnectionUsable(sqlstate)).toBe(isKept);
  });
});
