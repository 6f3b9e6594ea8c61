import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { type ParentChannel, ParentLink } from "./parent-link.js";

class FakeChannel extends EventEmitter implements ParentChannel {
  readonly sent: object[] = [];
  connected = true;

  send(message: object, callback: (error: Error | null) => void): boolean {
    this.sent.push(message);
    callback(this.connected ? null : new Error("closed"));
    return this.connected;
  }

  disconnect(): void {
    this.connected = false;
    this.emit("disconnect");
  }
}

function createLink() {
  const channel = new FakeChannel();
  const link = new ParentLink(channel);
  let drains = 0;
  link.onDrain(() => drains++);
  return { channel, link, drains: () => drains };
}

describe("ParentLink", () => {
  it("tells the launcher that the process is ready, and what else happens", () => {
    const { channel, link } = createLink();
    link.ready({ address: "127.0.0.1:7400" });
    link.report({ type: "progress", done: 3 });
    expect(channel.sent).toEqual([
      { type: "ready", address: "127.0.0.1:7400" },
      { type: "progress", done: 3 },
    ]);
  });

  it("drains once when told, and when the launcher is gone", () => {
    const { channel, drains } = createLink();
    channel.emit("message", { type: "drain" });
    channel.emit("message", { type: "drain" });
    channel.disconnect();
    expect(drains()).toBe(1);
    const other = createLink();
    other.channel.disconnect();
    expect(other.drains()).toBe(1);
  });

  it("tells those who ask late that it has been told to drain", () => {
    const { channel, link } = createLink();
    channel.emit("message", { type: "drain" });
    let told = false;
    link.onDrain(() => {
      told = true;
    });
    expect(told).toBe(true);
  });

  it.each([null, "drain", { type: "other" }, {}, 7])("ignores the message %j", (message) => {
    const { channel, drains } = createLink();
    channel.emit("message", message);
    expect(drains()).toBe(0);
  });

  it("loses reports once the launcher is gone", () => {
    const { channel, link } = createLink();
    channel.disconnect();
    link.report({ type: "late" });
    expect(channel.sent).toEqual([]);
    expect(link.connected).toBe(false);
  });

  it("hears nothing after it was closed, its own closing included", () => {
    const { channel, link, drains } = createLink();
    link.close();
    expect(channel.connected).toBe(false);
    expect(drains()).toBe(0);
  });

  it("does nothing without a launcher", () => {
    const channel = new EventEmitter();
    const link = new ParentLink(channel);
    link.ready({});
    link.close();
    expect(link.connected).toBe(false);
    expect(channel.listenerCount("message")).toBe(0);
  });
});
