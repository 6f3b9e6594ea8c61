/** The parts of a node that are driven without one, in simulations. Not part of the `.` entry point. */

export { Releases } from "./cluster/release.js";
export type { JournalRecord } from "./journal/record.js";
export { Ownership } from "./ownership/ownership.js";
export { RightToServe } from "./ownership/right-to-serve.js";
export type { Tenure } from "./ownership/tenure.js";
export type { InSyncChange } from "./replication/in-sync-demands.js";
export type {
  DirtyCopy,
  OpenReplicaStream,
  ReplicaBatch,
  ReplicaReply,
} from "./replication/messages.js";
export { Replicas } from "./replication/replicas.js";
export { Replication } from "./replication/replication.js";
export { FakeCleanEntries } from "./testing/clean-entries.js";
