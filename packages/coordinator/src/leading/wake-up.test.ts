import { FakeClock, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { WakeUp } from "./wake-up.js";

function sleeping(wakeUp: WakeUp, timeoutMs?: number) {
  const state = { awake: false };
  const done = wakeUp.sleep(timeoutMs).then(() => {
    state.awake = true;
  });
  return { state, done };
}

describe("WakeUp", () => {
  it("sleeps until it is woken", async () => {
    const wakeUp = new WakeUp(new FakeClock());
    const { state, done } = sleeping(wakeUp);
    await settle();
    expect(state.awake).toBe(false);
    wakeUp.wake();
    await done;
  });

  it("sleeps until its time is up, and leaves no timer when woken before", async () => {
    const clock = new FakeClock();
    const wakeUp = new WakeUp(clock);
    const first = sleeping(wakeUp, 100);
    clock.advance(99);
    await settle();
    expect(first.state.awake).toBe(false);
    clock.advance(1);
    await first.done;
    const second = sleeping(wakeUp, 100);
    wakeUp.wake();
    await second.done;
    expect(clock.pendingTimers).toBe(0);
  });

  it("does not sleep when something happened since the last reset", async () => {
    const wakeUp = new WakeUp(new FakeClock());
    wakeUp.wake();
    await wakeUp.sleep();
    await wakeUp.sleep();
    wakeUp.reset();
    const { state } = sleeping(wakeUp);
    await settle();
    expect(state.awake).toBe(false);
  });

  it("keeps what happens for the loop although a forgotten sleeper hears it too", async () => {
    const wakeUp = new WakeUp(new FakeClock());
    const forgotten = sleeping(wakeUp);
    wakeUp.wake();
    await forgotten.done;
    await wakeUp.sleep();
  });
});
