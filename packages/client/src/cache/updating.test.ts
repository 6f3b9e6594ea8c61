import { describe, expect, it } from "vitest";
import { connect } from "../connect.js";
import { startConnected } from "../testing/fake-client.js";

interface Product {
  readonly name: string;
  readonly stock: number;
}

const laptop: Product = { name: "laptop", stock: 3 };

describe("Updating", () => {
  it("writes what the change returns, and deletes when it returns nothing", async () => {
    await using test = await startConnected<Product>();
    const { cache: products } = test;
    const created = await products.update("42", (old) => old ?? laptop);
    expect(created).toMatchObject({ value: laptop, version: expect.any(Number), degraded: false });
    const sold = await products.update("42", (old) => old && { ...old, stock: old.stock - 1 });
    expect(sold.value?.stock).toBe(2);
    await products.update("42", () => undefined);
    expect(await products.get("42")).toBeUndefined();
    await products.update("42", () => undefined);
    expect(test.fake.store.executed.get("DELETE")).toBe(1);
  });

  it("loses no change of concurrent callers", async () => {
    await using test = await startConnected<Product>();
    await test.cache.set("42", { ...laptop, stock: 0 });
    const other = await connect({ seeds: test.fake.seeds });
    const caches = [test.cache, other.cache<Product>("products")];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        caches[index % 2]?.update(
          "42",
          (old) => ({ name: "laptop", stock: (old?.stock ?? 0) + 1 }),
          { retries: 200 },
        ),
      ),
    );
    expect((await test.cache.get("42"))?.stock).toBe(20);
    await other.close();
  });

  it("gives up with the conflict when others are always faster", async () => {
    await using test = await startConnected<Product>();
    let runs = 0;
    const lose = async () => {
      runs += 1;
      await test.cache.set("42", laptop);
      return laptop;
    };
    await expect(test.cache.update("42", lose, { retries: 3 })).rejects.toThrowError(
      expect.objectContaining({ code: "VERSION_CONFLICT" }),
    );
    expect(runs).toBe(4);
  });

  it("writes nothing when the change throws", async () => {
    await using test = await startConnected<Product>();
    await expect(
      test.cache.update("42", () => {
        throw new Error("no");
      }),
    ).rejects.toThrowError("no");
    expect(test.fake.store.executed.get("SET")).toBeUndefined();
  });
});
