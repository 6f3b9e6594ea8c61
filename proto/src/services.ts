/**
 * The services and clients of the wire contract, made by proto-loader from the committed
 * descriptor. Everything that serves or calls gRPC starts here; the types come from `gen/`.
 */
import { loadPackageDefinition } from "@grpc/grpc-js";
import { fromJSON, type PackageDefinition } from "@grpc/proto-loader";
import type { ProtoGrpcType as AdminTypes } from "./gen/admin.js";
import type { ProtoGrpcType as CacheTypes } from "./gen/cache.js";
import type { ProtoGrpcType as ControlTypes } from "./gen/control.js";
import { DESCRIPTOR } from "./gen/descriptor.js";
import type { ProtoGrpcType as OperatorTypes } from "./gen/operator.js";
import type { ProtoGrpcType as PeerTypes } from "./gen/peer.js";
import type { ProtoGrpcType as TopologyTypes } from "./gen/topology.js";

// The generator wrote protobufjs' own JSON form; its static type asks for comments that it omits.
type DescriptorJson = Parameters<typeof fromJSON>[0];

/** Every service and message; what the reflection service shows. */
export const PACKAGE_DEFINITION: PackageDefinition = fromJSON(DESCRIPTOR as DescriptorJson, {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

// proto-loader cannot know what it loaded; the generated types were made from the same files.
const contract = loadPackageDefinition(PACKAGE_DEFINITION) as unknown as AdminTypes &
  CacheTypes &
  ControlTypes &
  OperatorTypes &
  PeerTypes &
  TopologyTypes;

type V1 = typeof contract.holdfast.v1;

export const Admin: V1["Admin"] = contract.holdfast.v1.Admin;
export const Cache: V1["Cache"] = contract.holdfast.v1.Cache;
export const Control: V1["Control"] = contract.holdfast.v1.Control;
export const NodeAdmin: V1["NodeAdmin"] = contract.holdfast.v1.NodeAdmin;
export const Operator: V1["Operator"] = contract.holdfast.v1.Operator;
export const Peer: V1["Peer"] = contract.holdfast.v1.Peer;
export const Topology: V1["Topology"] = contract.holdfast.v1.Topology;
export const TopologyStateMessage: V1["TopologyState"] = contract.holdfast.v1.TopologyState;
