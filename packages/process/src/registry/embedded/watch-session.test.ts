import { describe, expect, it } from "vitest";
import { KeyValueStore } from "./key-value-store.js";
import type { WatchCreateRequest } from "./messages.js";
import { type WatchMessage, WatchSession } from "./watch-session.js";

function createSession() {
  const store = new KeyValueStore();
  const sent: WatchMessage[] = [];
  const session = new WatchSession(store, (message) => sent.push(message));
  const put = (key: string) =>
    store.transact((writer) => writer.put(key, Buffer.from("v"), undefined));
  const remove = (key: string) =>
    store.transact((writer) => writer.delete({ start: key, end: undefined }));
  const create = (request: Partial<WatchCreateRequest> = {}) =>
    session.create({
      key: Buffer.from("a"),
      range_end: Buffer.from("b"),
      start_revision: "0",
      filters: [],
      prev_kv: false,
      watch_id: "0",
      ...request,
    });
  /** `id:type key@revision` of everything sent. */
  const events = () =>
    sent.flatMap(({ watch_id, events: some = [] }) =>
      some.map(({ type, kv }) => `${watch_id}:${type} ${kv.key}@${kv.mod_revision}`),
    );
  return { store, session, sent, put, remove, create, events };
}

describe("WatchSession", () => {
  it("reports changes in its range from its creation on", () => {
    const { put, remove, create, events } = createSession();
    put("a");
    create();
    put("a1");
    put("c");
    remove("a");
    expect(events()).toEqual(["0:Put a1@3", "0:Delete a@5"]);
  });

  it("replays the changes since its start revision before any new one", () => {
    const { put, create, events, sent } = createSession();
    put("a1");
    put("a2");
    put("a3");
    create({ start_revision: "3" });
    put("a4");
    expect(sent[0]).toEqual({ watch_id: "0", created: true });
    expect(events()).toEqual(["0:Put a2@3", "0:Put a3@4", "0:Put a4@5"]);
  });

  it("waits for a start revision that is yet to come", () => {
    const { put, create, events } = createSession();
    create({ start_revision: "3" });
    put("a1");
    put("a2");
    expect(events()).toEqual(["0:Put a2@3"]);
  });

  it("is cancelled when what it asks for was compacted", () => {
    const { store, put, create, sent, events } = createSession();
    for (const key of ["a1", "a2", "a3"]) put(key);
    store.compact(4);
    create({ start_revision: "3" });
    put("a4");
    expect(sent[0]).toMatchObject({ created: true });
    expect(sent[1]).toMatchObject({ watch_id: "0", canceled: true, compact_revision: 4 });
    expect(events()).toEqual([]);
    create({ start_revision: "4" });
    expect(events()).toEqual(["1:Put a3@4", "1:Put a4@5"]);
  });

  it("leaves out what its filters name", () => {
    const { put, remove, create, events } = createSession();
    create({ filters: ["Noput"] });
    create({ filters: ["Nodelete"] });
    put("a");
    remove("a");
    expect(events()).toEqual(["1:Put a@2", "0:Delete a@3"]);
  });

  it("sends the previous value where asked to", () => {
    const { put, remove, create, sent } = createSession();
    put("a");
    create({ prev_kv: true });
    remove("a");
    expect(sent.at(-1)?.events?.[0]?.prev_kv).toMatchObject({ mod_revision: 2, version: 1 });
  });

  it("sends nothing more to a watch that was cancelled", () => {
    const { session, put, create, sent, events } = createSession();
    create();
    session.cancel("0");
    session.cancel("0");
    put("a");
    expect(sent.filter(({ canceled }) => canceled)).toHaveLength(1);
    expect(events()).toEqual([]);
  });

  it("sends nothing more once it is closed", () => {
    const { session, put, create, events } = createSession();
    create();
    session.close();
    put("a");
    expect(events()).toEqual([]);
  });

  it("gives each watch an id of its own, the wanted one if it is free", () => {
    const { create, sent } = createSession();
    create();
    create({ watch_id: "1" });
    create({ watch_id: "1" });
    create();
    expect(sent.map(({ watch_id }) => watch_id)).toEqual(["0", "1", "2", "3"]);
  });
});
