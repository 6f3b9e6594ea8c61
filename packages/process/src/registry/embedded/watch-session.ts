/**
 * The watches of one gRPC stream. Created, caught up and notified synchronously with the store's
 * commits, so that a watch misses no change and sees none twice.
 *
 * A client that does not read is cut off rather than buffered for without end; it lists again.
 */
import type { StoredChange } from "./history.js";
import { isInRange, type KeyValueStore, type Range } from "./key-value-store.js";
import { type EventMessage, toEvent, toRange, type WatchCreateRequest } from "./messages.js";

export interface WatchMessage {
  readonly watch_id: string;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compact_revision?: number;
  readonly cancel_reason?: string;
  readonly events?: readonly EventMessage[];
}

/** The answer to a request for progress, which concerns the stream as a whole. */
const WHOLE_STREAM = "-1";

interface Watch {
  readonly id: string;
  readonly range: Range;
  readonly fromRevision: number;
  readonly filters: WatchCreateRequest["filters"];
  readonly withPrevious: boolean;
}

export class WatchSession {
  readonly #store: KeyValueStore;
  readonly #send: (message: WatchMessage) => void;
  readonly #watches = new Map<string, Watch>();
  readonly #stopListening: () => void;
  #nextId = 0;

  constructor(store: KeyValueStore, send: (message: WatchMessage) => void) {
    this.#store = store;
    this.#send = send;
    this.#stopListening = store.onCommit((changes) => {
      for (const watch of this.#watches.values()) this.#notify(watch, changes);
    });
  }

  create(request: WatchCreateRequest): void {
    const id = this.#newId(request.watch_id);
    const fromRevision = Number(request.start_revision);
    this.#send({ watch_id: id, created: true });
    const compactRevision = this.#store.compactRevision;
    if (fromRevision > 0 && fromRevision < compactRevision) {
      const cancel_reason = "etcdserver: mvcc: required revision has been compacted";
      this.#send({
        watch_id: id,
        canceled: true,
        compact_revision: compactRevision,
        cancel_reason,
      });
      return;
    }
    const watch = {
      id,
      range: toRange(request),
      fromRevision,
      filters: request.filters,
      withPrevious: request.prev_kv,
    };
    this.#watches.set(id, watch);
    if (fromRevision > 0) this.#notify(watch, this.#store.changesSince(fromRevision));
  }

  cancel(id: string): void {
    if (this.#watches.delete(id)) this.#send({ watch_id: id, canceled: true });
  }

  /** Says up to which revision everything has been sent; the header carries it. */
  reportProgress(): void {
    this.#send({ watch_id: WHOLE_STREAM });
  }

  close(): void {
    this.#stopListening();
    this.#watches.clear();
  }

  #newId(wantedId: string): string {
    if (wantedId !== "0" && !this.#watches.has(wantedId)) return wantedId;
    while (this.#watches.has(String(this.#nextId))) this.#nextId += 1;
    return String(this.#nextId++);
  }

  #notify(watch: Watch, changes: readonly StoredChange[]): void {
    const events = changes
      .filter((change) => isWanted(watch, change))
      .map((change) => toEvent(change, watch.withPrevious));
    if (events.length > 0) this.#send({ watch_id: watch.id, events });
  }
}

function isWanted({ range, fromRevision, filters }: Watch, change: StoredChange): boolean {
  if (change.revision < fromRevision || !isInRange(change.key, range)) return false;
  return !filters.includes(change.entry === undefined ? "Nodelete" : "Noput");
}
