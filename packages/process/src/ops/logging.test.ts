import { describe, expect, it } from "vitest";
import { createLogger, type ProcessLogger } from "./logging.js";

/** A logger whose lines the test reads. */
function createRecorder(level: "debug" | "info" | "silent" = "info"): {
  logger: ProcessLogger;
  lines: Record<string, unknown>[];
} {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) };
  return { logger: createLogger({ name: "node", level, destination }), lines };
}

describe("createLogger", () => {
  it("writes one line with the fields and the name of the process", () => {
    const { logger, lines } = createRecorder();
    logger.warn({ peer: "node-2" }, "peer\nis slow");
    expect(lines).toEqual([
      expect.objectContaining({ level: 40, name: "node", peer: "node-2", msg: "peer\nis slow" }),
    ]);
  });

  it("leaves out what is below its level", () => {
    const { logger, lines } = createRecorder("info");
    logger.debug({}, "unseen");
    logger.info({}, "seen");
    expect(lines.map((line) => line.msg)).toEqual(["seen"]);
    const silent = createRecorder("silent");
    silent.logger.fatal({}, "unseen");
    expect(silent.lines).toEqual([]);
  });

  it("keeps values of rows out of the database's errors, at every depth", () => {
    const { logger, lines } = createRecorder();
    const pgError = Object.assign(new Error("duplicate key"), {
      code: "23505",
      detail: "Key (email)=(secret@example.com) already exists.",
      where: "unnamed portal with parameters: $1 = 'secret'",
      parameters: ["secret"],
      internalQuery: "SELECT 'secret'",
      query: "INSERT … 'secret'",
    });
    logger.error({ err: new Error("flush failed", { cause: pgError }) }, "a");
    logger.error({ err: new AggregateError([pgError], "several") }, "b");
    logger.error({ err: pgError }, "c");
    expect(JSON.stringify(lines)).not.toContain("secret");
    expect(lines[0]).toMatchObject({
      err: { message: "flush failed", cause: { message: "duplicate key", code: "23505" } },
    });
    expect(lines[1]).toMatchObject({ err: { aggregateErrors: [{ code: "23505" }] } });
    expect(lines[2]).toMatchObject({ err: { type: "Error", code: "23505" } });
  });

  it("logs a thrown value that is no error as it is", () => {
    const { logger, lines } = createRecorder();
    logger.error({ err: "just text" }, "a");
    expect(lines[0]).toMatchObject({ err: "just text" });
  });

  it("adds a child's fields to each of its lines", () => {
    const { logger, lines } = createRecorder();
    logger.child({ incarnation: "i1" }).info({}, "a");
    expect(lines[0]).toMatchObject({ name: "node", incarnation: "i1" });
  });
});
