/** The eviction policies that a cache may ask for, by the name used in its configuration. */
import type { EvictionPolicyName } from "@holdfast/process";
import type { EvictionLinks } from "./entry-list.js";
import { FifoPolicy } from "./fifo.js";
import { LfuPolicy } from "./lfu.js";
import { LruPolicy } from "./lru.js";
import type { EvictionPolicy } from "./policy.js";

export type { EvictionPolicyName } from "@holdfast/process";

/** Makes a policy that tracks nothing yet. */
export type CreateEvictionPolicy = <E extends EvictionLinks<E>>() => EvictionPolicy<E>;

export const EVICTION_POLICIES: Readonly<Record<EvictionPolicyName, CreateEvictionPolicy>> = {
  lru: <E extends EvictionLinks<E>>() => new LruPolicy<E>(),
  lfu: <E extends EvictionLinks<E>>() => new LfuPolicy<E>(),
  fifo: <E extends EvictionLinks<E>>() => new FifoPolicy<E>(),
};
