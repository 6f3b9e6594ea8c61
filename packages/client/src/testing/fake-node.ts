/**
 * One node of a fake cluster: a real gRPC server that answers as a node would, records what it was
 * sent, and misbehaves on demand.
 */
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { CacheError, type Topology as TopologyValue } from "@holdfast/core";
import {
  type Batch__Output,
  BatchReader,
  Cache,
  type Operation__Output,
  pipeCodec,
  type Reply,
  ReplyWriter,
  Topology,
  type TopologyView,
  toStatusObject,
} from "@holdfast/proto";
import type { FakeStore } from "./fake-store.js";
import { unaryHandlers } from "./fake-unary.js";

/** What a node does with an operation: answers by itself, not at all, or ends the stream. */
export type Intercepted = Reply | "silence" | "drop" | undefined;

/** What a fake node needs of its cluster. */
export interface FakeCluster {
  readonly store: FakeStore;
  readonly topology: TopologyValue;
  view(): TopologyView;
  partitionOf(key: Uint8Array): number;
}

type PipeStream = ServerDuplexStream<Buffer, Buffer>;
type WatchStream = ServerWritableStream<unknown, TopologyView>;

/** A field that claims more bytes than there are. */
const GARBAGE = Buffer.from([0x0a, 0xff, 0x01, 0x02]);

export class FakeNode {
  readonly nodeId: string;
  readonly incarnation: string;
  readonly #cluster: FakeCluster;
  readonly #server = new Server({ "grpc.max_receive_message_length": 8 * 1024 * 1024 });
  readonly #pipes = new Set<PipeStream>();
  readonly #watches = new Set<WatchStream>();
  #port = 0;
  #isReading = true;

  /** Every batch received, hellos included. */
  readonly batches: Batch__Output[] = [];
  /** Calls of every unary method. */
  unaryCalls = 0;
  pipesOpened = 0;
  /** Those that the client has reset, or that went with their connection. */
  cancelledPipes = 0;

  /** Decides before the store does; `undefined` leaves it to the store. */
  intercept: (operation: Operation__Output) => Intercepted = () => undefined;
  /** Whom it claims to be in hellos. */
  claimedIncarnation: string;
  answersHellos = true;
  servesTopology = true;
  /** The term in its replies, instead of the topology's. */
  term: number | undefined;
  /** Sends replies with numbers that nobody asked for, beside the right ones. */
  sendsStrayReplies = false;
  /** Takes batches in, and does nothing about them. */
  hangs = false;
  /** Answers operations with bytes that are no message. */
  answersGarbage = false;
  /** Messages of a warming; 0 makes it fail. */
  warmSteps = 2;

  constructor(nodeId: string, cluster: FakeCluster, incarnation = `${nodeId}-1`) {
    this.nodeId = nodeId;
    this.incarnation = incarnation;
    this.claimedIncarnation = incarnation;
    this.#cluster = cluster;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Batches with operations in them. */
  get messages(): readonly Batch__Output[] {
    return this.batches.filter(({ operations }) => operations.length > 0);
  }

  get operations(): readonly Operation__Output[] {
    return this.batches.flatMap(({ operations }) => operations);
  }

  get openStreams(): number {
    return this.#pipes.size + this.#watches.size;
  }

  get watchers(): number {
    return this.#watches.size;
  }

  async start(): Promise<void> {
    this.#server.addService(Topology.service, {
      Watch: (call: WatchStream) => this.#onWatch(call),
    });
    const unary = unaryHandlers(this, this.#cluster.store, () => {
      this.unaryCalls += 1;
    });
    this.#server.addService(Cache.service, {
      ...unary,
      Pipe: (call: PipeStream) => this.#onPipe(call),
    } as UntypedServiceImplementation);
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
  }

  /** Dies: every connection is gone at once. */
  stop(): void {
    this.#server.forceShutdown();
  }

  dropPipes(): void {
    for (const pipe of this.#pipes) pipe.emit("error", toStatusObject(unavailable()));
    this.#pipes.clear();
  }

  /** Ends every pipe as a node does that stops in good order. */
  endPipes(): void {
    for (const pipe of this.#pipes) pipe.end();
  }

  dropWatches(): void {
    for (const watch of this.#watches) watch.emit("error", toStatusObject(unavailable()));
    this.#watches.clear();
  }

  publish(): void {
    if (!this.servesTopology) return;
    for (const watch of this.#watches) watch.write(this.#cluster.view());
  }

  /** Leaves what clients send from now on where it is: in the network's buffers, and then in theirs. */
  stopReading(): void {
    this.#isReading = false;
    for (const pipe of this.#pipes) pipe.pause();
  }

  readOn(): void {
    this.#isReading = true;
    for (const pipe of this.#pipes) pipe.resume();
  }

  send(replies: readonly Reply[]): void {
    for (const pipe of this.#pipes) pipe.write(messageOf(replies));
  }

  /** Answers the hello of every pipe, late or once more. */
  introduce(): void {
    for (const pipe of this.#pipes) pipe.write(this.#introduction());
  }

  #introduction(): Buffer {
    const { epoch } = this.#cluster.topology;
    const { nodeId, claimedIncarnation: incarnation } = this;
    return pipeCodec.introduction({ nodeId, incarnation, epoch });
  }

  #onWatch(call: WatchStream): void {
    this.#watches.add(call);
    call.on("cancelled", () => this.#watches.delete(call));
    if (this.servesTopology) call.write(this.#cluster.view());
  }

  #onPipe(call: PipeStream): void {
    this.pipesOpened += 1;
    this.#pipes.add(call);
    const gone = () => this.#pipes.delete(call);
    call.on("cancelled", () => {
      this.cancelledPipes += 1;
      gone();
    });
    call.on("close", gone);
    call.on("error", gone);
    call.on("data", (message: Buffer) => this.#onBatch(call, batchOf(message)));
    if (!this.#isReading) call.pause();
  }

  #onBatch(call: PipeStream, batch: Batch__Output): void {
    this.batches.push(batch);
    if (batch.hello && this.answersHellos) call.write(this.#introduction());
    if (this.hangs || batch.operations.length === 0) return;
    const replies: Reply[] = [];
    for (const operation of batch.operations) {
      const intercepted = this.intercept(operation);
      if (intercepted === "drop") {
        call.emit("error", toStatusObject(unavailable()));
        return;
      }
      if (intercepted === "silence") continue;
      const reply =
        intercepted === undefined ? this.#execute(operation) : { id: operation.id, ...intercepted };
      if (reply instanceof Promise) void reply.then((later) => call.write(messageOf([later])));
      else replies.push(reply);
    }
    if (this.sendsStrayReplies) replies.unshift({ id: 999_999_999, code: "OK" });
    call.write(this.answersGarbage ? GARBAGE : messageOf(replies));
  }

  #execute(operation: Operation__Output): Reply | Promise<Reply> {
    const { topology, store } = this.#cluster;
    if (operation.kind === "CLEAR") return store.execute(operation, 0);
    const partition = topology.partitions[this.#cluster.partitionOf(operation.key)];
    if (partition?.owner === this.incarnation) {
      const term = this.term ?? partition.term;
      return operation.kind === "LOAD"
        ? store.load(operation, term)
        : store.execute(operation, term);
    }
    const owner = topology.members.find(({ incarnation }) => incarnation === partition?.owner);
    return {
      id: operation.id,
      code: "NOT_OWNER",
      message: "another node owns the key",
      notOwner: {
        epoch: topology.epoch,
        nodeId: owner?.nodeId ?? "",
        incarnation: owner?.incarnation ?? "",
        address: owner?.addresses.data ?? "",
        term: partition?.term ?? 0,
      },
    };
  }
}

function batchOf(message: Buffer): Batch__Output {
  const batch = new BatchReader(pipeCodec);
  batch.read(message);
  const { epoch, budgetMs, hello } = batch;
  const operations = Array.from({ length: batch.count }, (_, index) => batch.operation(index));
  return { epoch, budgetMs, operations, ...(hello && { hello }) };
}

function messageOf(replies: readonly Reply[]): Buffer {
  const writer = new ReplyWriter(pipeCodec);
  for (const reply of replies) writer.reply(reply);
  return writer.take();
}

function unavailable(): CacheError {
  return new CacheError("UNAVAILABLE", "the test dropped the stream");
}
