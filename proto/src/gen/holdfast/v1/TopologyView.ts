// Original file: holdfast/v1/topology.proto

import type { ClusterConfig as _holdfast_v1_ClusterConfig, ClusterConfig__Output as _holdfast_v1_ClusterConfig__Output } from '../../holdfast/v1/ClusterConfig.js';
import type { TopologyState as _holdfast_v1_TopologyState, TopologyState__Output as _holdfast_v1_TopologyState__Output } from '../../holdfast/v1/TopologyState.js';

export interface TopologyView {
  'config'?: (_holdfast_v1_ClusterConfig | null);
  'topology'?: (_holdfast_v1_TopologyState | null);
  /**
   * `host:port` of the leading coordinator. Empty: none is known.
   */
  'coordinatorAddress'?: (string);
}

export interface TopologyView__Output {
  'config': (_holdfast_v1_ClusterConfig__Output | null);
  'topology': (_holdfast_v1_TopologyState__Output | null);
  /**
   * `host:port` of the leading coordinator. Empty: none is known.
   */
  'coordinatorAddress': (string);
}
