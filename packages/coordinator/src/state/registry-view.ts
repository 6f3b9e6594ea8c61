/**
 * What the registry holds of this cluster, decoded: one consistent state at a time, always whole,
 * replaced and never changed. Everything that a coordinator decides starts from here; what it
 * writes goes through guarded transactions, so a view that lags costs a retry and nothing else.
 */
import type { ClusterConfig, Component, Logger, Topology } from "@holdfast/core";
import {
  CACHES_PREFIX,
  type CacheRecord,
  CONFIG_KEY,
  COORDINATOR_KEY,
  type CoordinatorRecord,
  decodeCache,
  decodeClusterConfig,
  decodeCoordinator,
  decodeMember,
  MEMBERS_PREFIX,
  type MemberRecord,
  type Registry,
  type RegistryEntry,
  type RegistrySnapshot,
  type RegistryWatch,
  TOPOLOGY_KEY,
} from "@holdfast/process";
import { decodeTopology } from "@holdfast/proto";

/** A value of the registry, and the revisions to compare with when it is written. */
export interface Stored<Value> {
  readonly value: Value;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly leaseId: string | undefined;
}

export interface ClusterState {
  readonly revision: number;
  /** Grows when the registry's revision went back: it was wiped, or restored to an earlier time. */
  readonly era: number;
  readonly config: Stored<ClusterConfig> | undefined;
  readonly topology: Stored<Topology> | undefined;
  readonly coordinator: Stored<CoordinatorRecord> | undefined;
  /** By node id. */
  readonly members: ReadonlyMap<string, Stored<MemberRecord>>;
  /** By name. */
  readonly caches: ReadonlyMap<string, Stored<CacheRecord>>;
}

type Decode<Value> = (value: Buffer) => Value;

export class RegistryView implements Component {
  readonly name = "registry view";
  readonly #registry: Registry;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  /** What was decoded last, by key: most keys do not change from one state to the next. */
  #decoded = new Map<string, Stored<unknown> | undefined>();
  #state: ClusterState | undefined;
  #watch: RegistryWatch | undefined;

  constructor(registry: Registry, logger: Logger) {
    this.#registry = registry;
    this.#logger = logger;
  }

  /** The latest state; undefined until the registry was read for the first time. */
  get state(): ClusterState | undefined {
    return this.#state;
  }

  /** Calls back after each change. Returns the way to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Does not wait for the registry, which may be away for long. */
  async start(): Promise<void> {
    this.#watch = this.#registry.watch("", (snapshot) => this.#take(snapshot));
  }

  async stop(): Promise<void> {
    await this.#watch?.close();
  }

  #take(snapshot: RegistrySnapshot): void {
    const before = this.#state;
    const wentBack = before !== undefined && snapshot.revision < before.revision;
    if (wentBack) this.#decoded.clear();
    const known = this.#decoded;
    this.#decoded = new Map();
    const read = <Value>(key: string, decode: Decode<Value>): Stored<Value> | undefined => {
      const entry = snapshot.entries.get(key);
      if (entry === undefined) return undefined;
      const last = known.get(key);
      // What is kept under a key was made by the same decoder.
      const stored =
        last?.modRevision === entry.modRevision
          ? (last as Stored<Value>)
          : this.#decode(entry, decode);
      this.#decoded.set(key, stored);
      return stored;
    };
    this.#state = {
      revision: snapshot.revision,
      era: (before?.era ?? 0) + (wentBack ? 1 : 0),
      config: read(CONFIG_KEY, decodeClusterConfig),
      topology: read(TOPOLOGY_KEY, decodeTopology),
      coordinator: read(COORDINATOR_KEY, decodeCoordinator),
      members: collect(snapshot, MEMBERS_PREFIX, (key, nodeId) =>
        read(key, (value) => decodeMemberOf(nodeId, value)),
      ),
      caches: collect(snapshot, CACHES_PREFIX, (key) => read(key, decodeCache)),
    };
    for (const listener of [...this.#listeners]) listener();
  }

  /** A value that cannot be read is left out: one bad entry must not stop the whole cluster. */
  #decode<Value>(entry: RegistryEntry, decode: Decode<Value>): Stored<Value> | undefined {
    const { key, createRevision, modRevision, leaseId } = entry;
    try {
      return { value: decode(entry.value), createRevision, modRevision, leaseId };
    } catch (error) {
      this.#logger.error({ err: error, key }, "ignoring an entry of the registry");
      return undefined;
    }
  }
}

function collect<Value>(
  snapshot: RegistrySnapshot,
  prefix: string,
  read: (key: string, name: string) => Stored<Value> | undefined,
): ReadonlyMap<string, Stored<Value>> {
  const found = new Map<string, Stored<Value>>();
  for (const key of snapshot.entries.keys()) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    const stored = read(key, name);
    if (stored !== undefined) found.set(name, stored);
  }
  return found;
}

function decodeMemberOf(nodeId: string, value: Buffer): MemberRecord {
  const record = decodeMember(value);
  if (record.nodeId === nodeId) return record;
  throw new Error(`the member record of ${nodeId} names the node ${record.nodeId}`);
}
