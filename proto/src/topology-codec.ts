/**
 * Between the topology as programs use it, where partitions name incarnations, and its protobuf
 * form, where they name positions in the list of members: eight bytes a partition instead of a
 * hundred, so that 16,384 partitions fit into one etcd value with room to spare.
 */
import type { Incarnation, Member, MemberState, Partition, Topology } from "@holdfast/core";
import type {
  TopologyState,
  TopologyState__Output,
  _holdfast_v1_TopologyState_Member as WireMember,
  _holdfast_v1_TopologyState_Member__Output as WireMemberOutput,
  _holdfast_v1_TopologyState_Partition as WirePartition,
  _holdfast_v1_TopologyState_Partition__Output as WirePartitionOutput,
} from "./gen/holdfast/v1/TopologyState.js";
import { TopologyStateMessage } from "./services.js";

export function encodeTopology(topology: Topology): Buffer {
  return TopologyStateMessage.serialize(topologyToMessage(topology));
}

/** @throws when the bytes are not a topology. */
export function decodeTopology(bytes: Buffer): Topology {
  return topologyFromMessage(TopologyStateMessage.deserialize(bytes));
}

export function topologyToMessage(topology: Topology): TopologyState {
  const positions = new Map(topology.members.map(({ incarnation }, index) => [incarnation, index]));
  const position = (incarnation: Incarnation): number => {
    const index = positions.get(incarnation);
    if (index === undefined) throw new Error(`topology names ${incarnation}, which is no member`);
    return index;
  };
  return {
    epoch: topology.epoch,
    writeToken: topology.writeToken,
    members: topology.members.map(memberToMessage),
    partitions: topology.partitions.map((partition) => partitionToMessage(partition, position)),
  };
}

export function topologyFromMessage(message: TopologyState__Output): Topology {
  const members = message.members.map(memberFromMessage);
  const incarnation = (index: number): Incarnation => {
    const member = members[index];
    if (member === undefined)
      throw new Error(`topology names member ${index} of ${members.length}`);
    return member.incarnation;
  };
  return {
    epoch: message.epoch,
    writeToken: message.writeToken,
    members,
    partitions: message.partitions.map((partition) => partitionFromMessage(partition, incarnation)),
  };
}

const STATES = { active: "ACTIVE", draining: "DRAINING", dead: "DEAD" } as const;
const STATES_BACK: Readonly<Record<WireMemberOutput["state"], MemberState>> = {
  ACTIVE: "active",
  DRAINING: "draining",
  DEAD: "dead",
};

function memberToMessage(member: Member): WireMember {
  return { ...member, state: STATES[member.state] };
}

function memberFromMessage(message: WireMemberOutput): Member {
  const { nodeId, incarnation, zone, weight, state, ended } = message;
  const addresses = message.addresses ?? { data: "", peer: "", http: "" };
  return { nodeId, incarnation, addresses, zone, weight, state: STATES_BACK[state], ended };
}

function partitionToMessage(
  partition: Partition,
  position: (incarnation: Incarnation) => number,
): WirePartition {
  const { owner, backups, inSync, moveTo, mayServe, recoverFrom, unfenced } = partition;
  const { term, planned, changedEpoch, heldBack } = partition;
  return {
    ...(owner === undefined ? {} : { owner: position(owner) }),
    term,
    planned,
    changedEpoch,
    heldBack,
    backups: backups.map(position),
    inSync: inSync.map(position),
    ...(moveTo === undefined ? {} : { moveTo: position(moveTo) }),
    mayServe: mayServe.map(position),
    recoverFrom: recoverFrom.map(position),
    unfenced: unfenced.map(position),
  };
}

function partitionFromMessage(
  message: WirePartitionOutput,
  incarnation: (index: number) => Incarnation,
): Partition {
  return {
    owner: message.owner === undefined ? undefined : incarnation(message.owner),
    term: message.term,
    planned: message.planned,
    changedEpoch: message.changedEpoch,
    heldBack: message.heldBack,
    backups: message.backups.map(incarnation),
    inSync: message.inSync.map(incarnation),
    moveTo: message.moveTo === undefined ? undefined : incarnation(message.moveTo),
    mayServe: message.mayServe.map(incarnation),
    recoverFrom: message.recoverFrom.map(incarnation),
    unfenced: message.unfenced.map(incarnation),
  };
}
