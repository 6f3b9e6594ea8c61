/** What the rest of the node uses of the store. */
export { costOf } from "./cost.js";
export type { Entry, NewEntry } from "./entry.js";
export type { EvictionPolicyName } from "./eviction/index.js";
export { MemoryBudget } from "./memory-budget.js";
export type { StoreCounts } from "./occupancy.js";
export { Reclaimer } from "./reclaimer.js";
export { Store, type StoreOptions } from "./store.js";
