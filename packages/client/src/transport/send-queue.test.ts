import { describe, expect, it } from "vitest";
import { SendQueue } from "./send-queue.js";

function attempt(operations: number, bytes: number) {
  return { operations, bytes, isQueued: true };
}

function createQueue() {
  const queue = new SendQueue<ReturnType<typeof attempt>>();
  const add = (operations: number, bytes: number) => {
    const added = attempt(operations, bytes);
    queue.add(added);
    return added;
  };
  const withdraw = (withdrawn: ReturnType<typeof attempt>) => {
    withdrawn.isQueued = false;
    queue.withdraw(withdrawn);
  };
  return { queue, add, withdraw };
}

describe("SendQueue", () => {
  it("gives what there is room for, in order, and always something", () => {
    const { queue, add } = createQueue();
    const [large, small, other] = [add(200, 5_000), add(1, 10), add(1, 10)];
    expect(queue.take(100, 1_000)).toEqual([large]);
    expect(queue.take(1, 1_000)).toEqual([small]);
    expect(queue.take(100, 1_000)).toEqual([other]);
    expect(queue.take(100, 1_000)).toEqual([]);
  });

  it("counts what is in it, without what was withdrawn", () => {
    const { queue, add, withdraw } = createQueue();
    const [first, second] = [add(3, 100), add(5, 50), add(7, 25)];
    expect([queue.operations, queue.bytes]).toEqual([15, 175]);
    withdraw(first);
    expect([queue.operations, queue.bytes]).toEqual([12, 75]);
    expect(queue.first).toBe(second);
    queue.take(5, 1_000);
    expect([queue.operations, queue.bytes]).toEqual([7, 25]);
    queue.takeAll();
    expect([queue.operations, queue.bytes]).toEqual([0, 0]);
    expect(queue.first).toBeUndefined();
  });

  it("leaves out what was withdrawn, wherever it stood", () => {
    const { queue, add, withdraw } = createQueue();
    const attempts = Array.from({ length: 10 }, () => add(1, 1));
    const gone = attempts.filter((_, index) => index % 3 === 0);
    for (const each of gone) withdraw(each);
    const left = attempts.filter((each) => !gone.includes(each));
    expect([...queue.take(4, 100), ...queue.takeAll()]).toEqual(left);
  });
});
