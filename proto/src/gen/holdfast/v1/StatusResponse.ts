// Original file: holdfast/v1/admin.proto

import type { TopologyView as _holdfast_v1_TopologyView, TopologyView__Output as _holdfast_v1_TopologyView__Output } from '../../holdfast/v1/TopologyView.js';
import type { Long } from '@grpc/proto-loader';

export interface _holdfast_v1_StatusResponse_LiveNode {
  'nodeId'?: (string);
  'incarnation'?: (string);
  'topologyEpoch'?: (number | string | Long);
}

export interface _holdfast_v1_StatusResponse_LiveNode__Output {
  'nodeId': (string);
  'incarnation': (string);
  'topologyEpoch': (number);
}

export interface StatusResponse {
  'view'?: (_holdfast_v1_TopologyView | null);
  /**
   * Whether the asked coordinator leads.
   */
  'leading'?: (boolean);
  /**
   * Nodes that are registered now, and what they report of themselves.
   */
  'liveNodes'?: (_holdfast_v1_StatusResponse_LiveNode)[];
}

export interface StatusResponse__Output {
  'view': (_holdfast_v1_TopologyView__Output | null);
  /**
   * Whether the asked coordinator leads.
   */
  'leading': (boolean);
  /**
   * Nodes that are registered now, and what they report of themselves.
   */
  'liveNodes': (_holdfast_v1_StatusResponse_LiveNode__Output)[];
}
