import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";

describe("A receipt", () => {
  it("asks the key's owner for its version, with the level that the write had", async () => {
    await using test = await startConnected();
    const receipt = await test.cache.set("42", "v", { ack: "journal" });
    test.node.intercept = () => ({ code: "OK", outcome: "APPLIED" });
    await receipt.persisted({ timeout: "3s" });
    const { version } = receipt;
    const operation = test.node.operations.at(-1);
    expect(operation).toMatchObject({ kind: "PERSISTED", version, ack: "JOURNAL" });
    expect(operation?.key.toString()).toBe("42");
    expect(operation?.waitMs).toBeLessThan(3_000);
  });

  it("asks again while the database does not have the write, until its time is over", async () => {
    await using test = await startConnected();
    const receipt = await test.cache.set("42", "v");
    let answers = 0;
    test.node.intercept = () => {
      answers += 1;
      return { code: "OK", outcome: answers < 4 ? "NOT_APPLIED" : "APPLIED" };
    };
    await receipt.persisted();
    expect(answers).toBe(4);
    test.node.intercept = () => "silence";
    await expect(receipt.persisted({ timeout: 50 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    });
  });

  it("goes to the next owner, and does not mind a broken connection", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const receipt = await test.cache.set(test.fake.keyOf(first), "v");
    second.intercept = () => ({ code: "OK", outcome: "APPLIED" });
    first.intercept = () => {
      test.fake.moveAllTo(second);
      return "drop";
    };
    await receipt.persisted();
    expect(second.operations.map(({ kind }) => kind)).toEqual(["PERSISTED"]);
  });

  it.each(["DEAD_LETTER", "WRITE_LOST", "INVALID_ARGUMENT"] as const)(
    "rejects with %s, which no waiting mends",
    async (code) => {
      await using test = await startConnected();
      const receipt = await test.cache.delete("42");
      test.node.intercept = () => ({ code, message: "no" });
      await expect(receipt.persisted()).rejects.toMatchObject({ code });
    },
  );

  it("comes with the result of an update, too", async () => {
    await using test = await startConnected();
    const updated = await test.cache.update("42", () => "v");
    test.node.intercept = () => ({ code: "OK", outcome: "APPLIED" });
    await updated.persisted();
    expect(test.node.operations.at(-1)?.version).toBe(updated.version);
    const { persisted } = await test.cache.update("nothing there", () => undefined);
    await persisted();
  });
});
