/**
 * What goes through the pipes of a client, counted by the message: nothing is done for each operation.
 */
import type { Replies__Output } from "@holdfast/proto";
import type { BatchStream, StreamHandlers, Wire } from "./wire.js";

export class Traffic {
  /** Messages with operations in them. */
  batches = 0;
  /** Operations in them. */
  operations = 0;
  replies = 0;

  /** As `wire.openPipe`, and counts what goes through it. */
  openPipe(
    wire: Pick<Wire, "openPipe">,
    address: string,
    handlers: StreamHandlers<Replies__Output>,
  ): BatchStream {
    const stream = wire.openPipe(address, {
      message: (message) => {
        this.replies += message.replies.length;
        handlers.message(message);
      },
      ended: (error) => handlers.ended(error),
    });
    return {
      close: () => stream.close(),
      write: (batch, taken) => {
        const operations = batch.operations?.length ?? 0;
        if (operations > 0) this.batches += 1;
        this.operations += operations;
        stream.write(batch, taken);
      },
    };
  }
}
