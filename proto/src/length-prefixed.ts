/**
 * The messages of a gRPC stream in its bytes: each behind a flag, whether it is compressed, and its length
 * ("Length-Prefixed-Message", https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Pipes are read and written
 * with this over node:http2, since what grpc-js does for each message costs more than what is in it.
 */
import type { Writable } from "node:stream";
import { CacheError } from "@holdfast/core";

const PREFIX_BYTES = 5;
const LENGTH_AT = 1;

/** To copy as much behind its prefix is faster than to write the two in one piece without. */
const COPIED_BYTES = 16 * 1024;

/** Writes a message; `sent` is called when the stream has taken it. Returns whether there is room for more. */
export function writeMessage(
  stream: Writable,
  message: Buffer,
  sent?: (error?: Error | null) => void,
): boolean {
  const { length } = message;
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + (length > COPIED_BYTES ? 0 : length));
  bytes[0] = 0;
  bytes.writeUInt32BE(length, LENGTH_AT);
  if (length <= COPIED_BYTES) {
    message.copy(bytes, PREFIX_BYTES);
    return stream.write(bytes, sent);
  }
  stream.cork();
  stream.write(bytes);
  const hasRoom = stream.write(message, sent);
  stream.uncork();
  return hasRoom;
}

/** Puts messages together from the pieces in which they come. */
export class MessageReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  /** Of all pieces. */
  #bytes = 0;
  /** How many are needed for the next step. */
  #wanted = PREFIX_BYTES;
  #problem: CacheError | undefined;

  /** @param maxBytes - of a message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Why nothing can be read any more: `VALUE_TOO_LARGE`, or `INVALID_ARGUMENT` for a message that is compressed;
   * `undefined`: it can.
   */
  get problem(): CacheError | undefined {
    return this.#problem;
  }

  /** Takes in a piece. Returns the messages that it completes; they are parts of what came, not copies. */
  read(piece: Buffer): readonly Buffer[] {
    if (this.#problem !== undefined) return [];
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < this.#wanted) return [];
    const messages: Buffer[] = [];
    let rest = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
    for (;;) {
      this.#wanted = PREFIX_BYTES + (rest.length < PREFIX_BYTES ? 0 : this.#lengthOf(rest));
      if (rest.length < this.#wanted) break;
      messages.push(rest.subarray(PREFIX_BYTES, this.#wanted));
      rest = rest.subarray(this.#wanted);
    }
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return messages;
  }

  /** Infinity: it cannot be read. */
  #lengthOf(bytes: Buffer): number {
    const length = bytes.readUInt32BE(LENGTH_AT);
    if (bytes[0] !== 0) {
      this.#problem = new CacheError("INVALID_ARGUMENT", "a message of a pipe is compressed");
    } else if (length > this.#maxBytes) {
      const problem = `a message has ${length} bytes; at most ${this.#maxBytes} are taken`;
      this.#problem = new CacheError("VALUE_TOO_LARGE", problem);
    }
    return this.#problem === undefined ? length : Number.POSITIVE_INFINITY;
  }
}
