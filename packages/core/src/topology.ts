/**
 * Who is in the cluster and who owns what: one value, with one writer (the leading coordinator).
 *
 * Ownership belongs to an incarnation, one run of a node process, and never to a node id: a node
 * that restarts is somebody else. How the value is encoded is the proto package's matter; how the
 * next one is planned is the coordinator's.
 */

/** 128 random bits in UUID form, drawn at every process start and after being fenced. */
export type Incarnation = string;

export interface MemberAddresses {
  /** `host:port` where clients connect. */
  readonly data: string;
  /** `host:port` where other nodes and coordinators connect. */
  readonly peer: string;
  /** `host:port` of health and metrics. */
  readonly http: string;
}

/**
 * `active` members may own partitions; `draining` ones are never given any; `dead` ones are kept
 * only while a partition still refers to them.
 */
export type MemberState = "active" | "draining" | "dead";

export interface Member {
  readonly incarnation: Incarnation;
  readonly nodeId: string;
  readonly addresses: MemberAddresses;
  /** Failure domain; copies of a partition avoid sharing one. Empty: not told. */
  readonly zone: string;
  /** Share of partitions relative to other members; 1 by default. */
  readonly weight: number;
  readonly state: MemberState;
  /**
   * Of a dead one: whether it is known to serve nothing any more, because its process has exited or
   * goes on as another incarnation. The end of a lease is no such proof.
   */
  readonly ended: boolean;
}

export interface Partition {
  /** Absent only while no active member exists. */
  readonly owner: Incarnation | undefined;
  /** Grows by one with each change of owner; starts at 1, stays below 2^21. */
  readonly term: number;
  /** Whether the owner got the partition from one that released it. */
  readonly planned: boolean;
  /** Who holds copies of the owner's dirty entries, or is getting them. Never the owner. */
  readonly backups: readonly Incarnation[];
  /**
   * Those of the backups, and the member that it is to move to, that have every acknowledged write, as
   * far as its level asks for backups.
   */
  readonly inSync: readonly Incarnation[];
  /**
   * Epoch of the last change under this owner of the in-sync set, the move, or of a backup that was
   * given up; 0: there was none.
   */
  readonly changedEpoch: number;
  /**
   * Former owners, and members that were in sync with them, that may still believe that they serve the
   * partition: until they are known to have ended, or the owner has waited long enough.
   */
  readonly mayServe: readonly Incarnation[];
  /** Whether the owner has to wait for that as long as anybody may serve without the registry. */
  readonly heldBack: boolean;
  /** The member that is to become the owner by a planned move. */
  readonly moveTo: Incarnation | undefined;
  /** Whose journals may hold acknowledged writes that no current owner has. */
  readonly recoverFrom: readonly Incarnation[];
  /** Former owners replaced without a release, whose database writes are not yet fenced off. */
  readonly unfenced: readonly Incarnation[];
}

/** A partition before it has its first owner. */
export const UNOWNED_PARTITION: Partition = {
  owner: undefined,
  term: 0,
  planned: false,
  backups: [],
  inSync: [],
  changedEpoch: 0,
  mayServe: [],
  heldBack: false,
  moveTo: undefined,
  recoverFrom: [],
  unfenced: [],
};

export interface Topology {
  /** Grows by one with each published change. */
  readonly epoch: number;
  /** Unique to the publish that wrote this value; settles publishes whose answer was lost. */
  readonly writeToken: string;
  readonly members: readonly Member[];
  /** Indexed by partition number. */
  readonly partitions: readonly Partition[];
}

export function findMember(topology: Topology, incarnation: Incarnation): Member | undefined {
  return topology.members.find((member) => member.incarnation === incarnation);
}
