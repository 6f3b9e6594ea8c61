/** The streams on which other owners send what this node backs up. Decodes, delegates, encodes. */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import type { Logger } from "@holdfast/core";
import type { ReplicaBatch__Output, ReplicaReply as ReplicaReplyMessage } from "@holdfast/proto";
import type { ReplicaReply } from "../replication/messages.js";
import type { Replicas } from "../replication/replicas.js";
import { fromBatchMessage } from "./replica-records.js";

type ReplicaCall = ServerDuplexStream<ReplicaBatch__Output, ReplicaReplyMessage>;

/** The open streams of a node, so that they can be ended when it stops. */
export class ReplicaStreams {
  readonly #replicas: Pick<Replicas, "open">;
  readonly #logger: Logger;
  readonly #open = new Set<ReplicaCall>();

  constructor(replicas: Pick<Replicas, "open">, logger: Logger) {
    this.#replicas = replicas;
    this.#logger = logger;
  }

  accept(call: ReplicaCall): void {
    let receive: ReturnType<Replicas["open"]> | undefined;
    const isOpen = () => this.#open.has(call);
    const fail = (error: unknown) => {
      if (!isOpen()) return;
      this.#open.delete(call);
      const details = error instanceof Error ? error.message : String(error);
      this.#logger.debug({ err: error }, "a replication stream is refused");
      call.emit("error", { code: status.FAILED_PRECONDITION, details });
    };
    this.#open.add(call);
    call.on("data", (message: ReplicaBatch__Output) => {
      if (!isOpen()) return;
      try {
        if (receive === undefined) {
          if (message.hello === null) throw new Error("the first batch must say whose it is");
          receive = this.#replicas.open(message.hello, message.first);
        }
        const answer = (reply: ReplicaReply) => {
          if (isOpen()) call.write({ ...reply, refused: [...reply.refused] });
        };
        const reply = receive(fromBatchMessage(message));
        if (reply instanceof Promise) reply.then(answer, fail);
        else answer(reply);
      } catch (error) {
        fail(error);
      }
    });
    const close = () => this.#open.delete(call);
    call.on("end", () => {
      if (close()) call.end();
    });
    call.on("cancelled", close);
    call.on("error", close);
  }

  /** Ends every stream; owners open them again as long as there is somebody to answer. */
  close(): void {
    for (const call of this.#open) call.end();
    this.#open.clear();
  }
}
