/**
 * One TCP connection that is passed on, and that can be held up: each direction open or not, each chunk
 * late by as much as one likes, and reset in the middle of whatever is on its way. Who decides which of
 * it happens is tcp-proxy.ts, for one server, and network.ts, for all processes of a cluster.
 *
 * What a closed direction has not let through stays in the sockets' buffers and arrives when it opens
 * again, as after a real outage.
 */
import { connect, type Socket } from "node:net";

/** What passes through a link at this moment. */
export interface LinkState {
  /** From whoever connected. */
  readonly requests: boolean;
  /** To whoever connected. */
  readonly answers: boolean;
  /** In each direction. */
  readonly delayMs: number;
}

export const OPEN: LinkState = { requests: true, answers: true, delayMs: 0 };

export interface TcpLinkOptions {
  /** The side that connected. */
  readonly near: Socket;
  readonly targetPort: number;
  /** What passes, asked again at each change. */
  readonly state: () => LinkState;
  readonly onGone: () => void;
}

/** Everything passes until the first `apply()`. */
export class TcpLink {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #state: () => LinkState;
  /** Bytes until the link is reset; undefined: it is not. */
  #bytesLeft: number | undefined;

  constructor({ near, targetPort, state, onGone }: TcpLinkOptions) {
    this.#near = near;
    this.#far = connect(direct({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true }));
    this.#state = state;
    this.#forward(near, this.#far, () => state().requests, onGone);
    this.#forward(this.#far, near, () => state().answers, onGone);
  }

  /** Makes both directions what `state` says now. */
  apply(): void {
    const { requests, answers } = this.#state();
    if (requests) this.#near.resume();
    else this.#near.pause();
    if (answers) this.#far.resume();
    else this.#far.pause();
  }

  /** Resets both sides, as when a router forgets them. */
  cut(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }

  /** Resets both sides once so many more bytes have passed, wherever in a message that is. */
  cutAfter(bytes: number): void {
    this.#bytesLeft = bytes;
  }

  #forward(from: Socket, to: Socket, isOpen: () => boolean, onGone: () => void): void {
    from.setNoDelay(true);
    /** What waits for its time; undefined: the end. */
    const late: (Buffer | undefined)[] = [];
    const pass = (chunk: Buffer | undefined) => {
      if (chunk === undefined) to.end();
      else if (!this.#write(to, chunk)) {
        from.pause();
        to.once("drain", () => {
          if (isOpen()) from.resume();
        });
      }
    };
    const passInTime = (chunk: Buffer | undefined) => {
      const { delayMs } = this.#state();
      if (delayMs === 0 && late.length === 0) {
        pass(chunk);
        return;
      }
      late.push(chunk);
      setTimeout(() => pass(late.shift()), delayMs);
    };
    from.on("data", passInTime);
    from.on("end", () => passInTime(undefined));
    // The other side must see the failure as one, not as an orderly end.
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => {
      to.destroy();
      onGone();
    });
  }

  /** Whether there is room for more. */
  #write(to: Socket, chunk: Buffer): boolean {
    if (to.destroyed) return true;
    if (this.#bytesLeft === undefined) return to.write(chunk);
    const passes = chunk.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= passes.length;
    const hasRoom = to.write(passes);
    if (this.#bytesLeft === 0) {
      this.#bytesLeft = undefined;
      to.end(() => this.cut());
    }
    return hasRoom;
  }
}

/** Marks a connection that faulty-process.mjs is not to send through the network again. */
function direct<Options extends object>(options: Options): Options {
  return { ...options, isDirect: true };
}
