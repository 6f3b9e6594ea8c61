// Original file: holdfast/v1/topology.proto

import type { Long } from '@grpc/proto-loader';

export interface _holdfast_v1_TopologyState_Addresses {
  'data'?: (string);
  'peer'?: (string);
  'http'?: (string);
}

export interface _holdfast_v1_TopologyState_Addresses__Output {
  'data': (string);
  'peer': (string);
  'http': (string);
}

/**
 * Partitions refer to members by position in `members`, which keeps the value small.
 */
export interface _holdfast_v1_TopologyState_Member {
  'nodeId'?: (string);
  'incarnation'?: (string);
  'addresses'?: (_holdfast_v1_TopologyState_Addresses | null);
  'zone'?: (string);
  'weight'?: (number);
  'state'?: (_holdfast_v1_TopologyState_Member_State);
  /**
   * Of a dead one: it is known to serve nothing any more.
   */
  'ended'?: (boolean);
}

/**
 * Partitions refer to members by position in `members`, which keeps the value small.
 */
export interface _holdfast_v1_TopologyState_Member__Output {
  'nodeId': (string);
  'incarnation': (string);
  'addresses': (_holdfast_v1_TopologyState_Addresses__Output | null);
  'zone': (string);
  'weight': (number);
  'state': (_holdfast_v1_TopologyState_Member_State__Output);
  /**
   * Of a dead one: it is known to serve nothing any more.
   */
  'ended': (boolean);
}

export interface _holdfast_v1_TopologyState_Partition {
  'owner'?: (number);
  'term'?: (number);
  'planned'?: (boolean);
  'backups'?: (number)[];
  'inSync'?: (number)[];
  'moveTo'?: (number);
  'recoverFrom'?: (number)[];
  'unfenced'?: (number)[];
  /**
   * Epoch of the last change of in_sync or move_to under this owner, or of a backup that was given
   * up. 0: there was none.
   */
  'changedEpoch'?: (number | string | Long);
  /**
   * The owner waits as long as anybody may serve without the registry.
   */
  'heldBack'?: (boolean);
  /**
   * Former owners, and members that were in sync with them, that may still serve.
   */
  'mayServe'?: (number)[];
  '_owner'?: "owner";
  '_moveTo'?: "moveTo";
}

export interface _holdfast_v1_TopologyState_Partition__Output {
  'owner'?: (number);
  'term': (number);
  'planned': (boolean);
  'backups': (number)[];
  'inSync': (number)[];
  'moveTo'?: (number);
  'recoverFrom': (number)[];
  'unfenced': (number)[];
  /**
   * Epoch of the last change of in_sync or move_to under this owner, or of a backup that was given
   * up. 0: there was none.
   */
  'changedEpoch': (number);
  /**
   * The owner waits as long as anybody may serve without the registry.
   */
  'heldBack': (boolean);
  /**
   * Former owners, and members that were in sync with them, that may still serve.
   */
  'mayServe': (number)[];
  '_owner'?: "owner";
  '_moveTo'?: "moveTo";
}

// Original file: holdfast/v1/topology.proto

export const _holdfast_v1_TopologyState_Member_State = {
  ACTIVE: 'ACTIVE',
  DRAINING: 'DRAINING',
  DEAD: 'DEAD',
} as const;

export type _holdfast_v1_TopologyState_Member_State =
  | 'ACTIVE'
  | 0
  | 'DRAINING'
  | 1
  | 'DEAD'
  | 2

export type _holdfast_v1_TopologyState_Member_State__Output = typeof _holdfast_v1_TopologyState_Member_State[keyof typeof _holdfast_v1_TopologyState_Member_State]

export interface TopologyState {
  'epoch'?: (number | string | Long);
  'writeToken'?: (string);
  'members'?: (_holdfast_v1_TopologyState_Member)[];
  'partitions'?: (_holdfast_v1_TopologyState_Partition)[];
}

export interface TopologyState__Output {
  'epoch': (number);
  'writeToken': (string);
  'members': (_holdfast_v1_TopologyState_Member__Output)[];
  'partitions': (_holdfast_v1_TopologyState_Partition__Output)[];
}
