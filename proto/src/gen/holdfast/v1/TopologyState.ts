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
