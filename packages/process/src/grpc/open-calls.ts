/**
 * The calls in progress of one server, so that a stopping server can end them itself: endless
 * streams at once, everything else when its patience ends. Closing the connections instead
 * (`forceShutdown`) leaves callers without an answer until their deadlines, because Node then
 * finishes the sockets gracefully and the callers' streams stay open.
 */
import {
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

interface OpenCall {
  /** A stream from the server only, such as a watch: it would hold up every stop. */
  readonly endless: boolean;
  end(): void;
}

type Stream = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;
type Answer = sendUnaryData<unknown>;

/** No code of ours goes with it: whether the call did its work is not known. */
const STOPPING = { code: status.UNAVAILABLE, details: "the server is stopping" };

export class OpenCalls {
  readonly #calls = new Set<OpenCall>();
  #stopping = false;

  get size(): number {
    return this.#calls.size;
  }

  /** The same handlers, with their calls counted. */
  track(
    definition: ServiceDefinition,
    handlers: UntypedServiceImplementation,
  ): UntypedServiceImplementation {
    const tracked = new Map<string, UntypedHandleCall>(Object.entries(handlers));
    for (const [name, method] of Object.entries(definition)) {
      for (const alias of [name, method.originalName ?? name]) {
        const handler = handlers[alias];
        if (handler === undefined) continue;
        const endless = method.responseStream && !method.requestStream;
        tracked.set(
          alias,
          method.responseStream ? this.#trackStream(handler, endless) : this.#trackAnswer(handler),
        );
      }
    }
    return Object.fromEntries(tracked);
  }

  /** Ends the endless streams, and those that are still to come. */
  stop(): void {
    this.#stopping = true;
    for (const call of this.#calls) if (call.endless) call.end();
  }

  /** Ends every call. */
  endAll(): void {
    for (const call of this.#calls) call.end();
  }

  #trackStream(handler: UntypedHandleCall, endless: boolean): UntypedHandleCall {
    // The untyped union cannot say that this is the handler of a method that streams its response.
    const handle = handler as (stream: Stream) => void;
    return (stream: Stream) => {
      const call = { endless, end: () => stream.emit("error", STOPPING) };
      this.#calls.add(call);
      const forget = () => this.#calls.delete(call);
      stream.on("cancelled", forget);
      stream.on("finish", forget);
      if (this.#stopping && endless) call.end();
      else handle(stream);
    };
  }

  #trackAnswer(handler: UntypedHandleCall): UntypedHandleCall {
    // As above: the handler of a method with a single response.
    const handle = handler as (call: ServerUnaryCall<unknown, unknown>, answer: Answer) => void;
    return (unaryCall: ServerUnaryCall<unknown, unknown>, answer: Answer) => {
      const answerOnce: Answer = (...response) => {
        if (this.#calls.delete(call)) answer(...response);
      };
      const call = { endless: false, end: () => answerOnce(STOPPING) };
      this.#calls.add(call);
      handle(unaryCall, answerOnce);
    };
  }
}
