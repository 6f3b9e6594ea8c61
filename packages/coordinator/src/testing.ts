/** The parts of a leader that are driven without one, in simulations. Not part of the `.` entry point. */
export type { Facts } from "./leading/facts.js";
export { emptyTopology, reconcile } from "./leading/reconcile.js";
export { Requests } from "./leading/requests.js";
export { type Ring, RingBuilder, type RingNode, type Rings } from "./planning/ring.js";
