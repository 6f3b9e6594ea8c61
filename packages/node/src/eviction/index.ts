/** The eviction policies that a cache may ask for, by the name used in its configuration. */
import type { EvictionPolicyName } from "@holdfast/process";
import { AdaptivePolicy } from "./adaptive.js";
import { FifoPolicy } from "./fifo.js";
import { GdsfPolicy } from "./gdsf.js";
import { LfuPolicy } from "./lfu.js";
import { LruPolicy } from "./lru.js";
import type { EvictionPolicy, PolicyEntries } from "./policy.js";
import { S3FifoPolicy } from "./s3-fifo.js";

export type { EvictionPolicyName } from "@holdfast/process";
export { type EvictionPolicy, NO_ENTRY, type PolicyEntries } from "./policy.js";

/** Makes a policy that tracks nothing yet. */
export type CreateEvictionPolicy = (entries: PolicyEntries) => EvictionPolicy;

export const EVICTION_POLICIES: Readonly<Record<EvictionPolicyName, CreateEvictionPolicy>> = {
  lru: () => new LruPolicy(),
  lfu: () => new LfuPolicy(),
  fifo: () => new FifoPolicy(),
  "s3-fifo": (entries) => new S3FifoPolicy(entries),
  gdsf: (entries) => new GdsfPolicy(entries),
  adaptive: (entries) => new AdaptivePolicy(entries),
};
