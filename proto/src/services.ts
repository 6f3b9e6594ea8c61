/**
 * The services and clients of the wire contract, made by proto-loader from the committed
 * descriptor. Everything that serves or calls gRPC starts here; the types come from `gen/`.
 */
import { loadPackageDefinition } from "@grpc/grpc-js";
import {
  fromJSON,
  type MethodDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from "@grpc/proto-loader";
import type { ProtoGrpcType as AdminTypes } from "./gen/admin.js";
import type { ProtoGrpcType as CacheTypes } from "./gen/cache.js";
import type { ProtoGrpcType as ControlTypes } from "./gen/control.js";
import { DESCRIPTOR } from "./gen/descriptor.js";
import type { Batch, Batch__Output } from "./gen/holdfast/v1/Batch.js";
import type { Replies, Replies__Output } from "./gen/holdfast/v1/Replies.js";
import type { ProtoGrpcType as OperatorTypes } from "./gen/operator.js";
import type { ProtoGrpcType as PeerTypes } from "./gen/peer.js";
import type { ProtoGrpcType as TopologyTypes } from "./gen/topology.js";
import { type EnumNames, PipeCodec } from "./pipe-codec.js";

// The generator wrote protobufjs' own JSON form; its static type asks for comments that it omits.
type DescriptorJson = Parameters<typeof fromJSON>[0];

/** As much of the descriptor as is read here. */
interface ContractJson {
  readonly nested: { readonly holdfast: { readonly nested: { readonly v1: MessagesJson } } };
}
interface MessagesJson {
  readonly nested: Readonly<Record<string, EnumsJson>>;
}
interface EnumsJson {
  readonly nested: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>;
}

type PipeDefinition = MethodDefinition<Batch, Replies, Batch__Output, Replies__Output>;

/** Every service and message; what the reflection service shows. */
export const PACKAGE_DEFINITION: PackageDefinition = fromJSON(DESCRIPTOR as DescriptorJson, {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** What the messages of pipes are read and written with: both sides are given them, and give them, as bytes. */
export const pipeCodec: PipeCodec = usePipeCodec(PACKAGE_DEFINITION);

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

/** Makes the codec of pipes, and leaves both of their sides the bytes. */
function usePipeCodec(definition: PackageDefinition): PipeCodec {
  const service = definition["holdfast.v1.Cache"] as ServiceDefinition;
  // proto-loader's types say as little as its name does.
  const pipe = service.Pipe as unknown as PipeDefinition;
  const codec = new PipeCodec(
    {
      kind: namesOf("Operation", "Kind"),
      ack: namesOf("Operation", "Ack"),
      code: namesOf("Reply", "Code"),
      outcome: namesOf("Reply", "Outcome"),
      source: namesOf("Reply", "Source"),
    },
    { serialize: pipe.requestSerialize, deserialize: pipe.requestDeserialize },
    { serialize: pipe.responseSerialize, deserialize: pipe.responseDeserialize },
  );
  Object.assign(pipe, {
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  });
  return codec;
}

function asItIs(message: Buffer): Buffer {
  return message;
}

/** The names of an enumeration within a message, by their numbers. */
function namesOf(message: string, enumeration: string): EnumNames {
  const { v1 } = (DESCRIPTOR as ContractJson).nested.holdfast.nested;
  const names: string[] = [];
  const numbers = v1.nested[message]?.nested[enumeration]?.values ?? {};
  for (const [name, number] of Object.entries(numbers)) names[number] = name;
  return names;
}
