/**
 * The network between the processes of a test's cluster. Every connection that one of them opens comes
 * through here (faulty-process.mjs sees to it) and says who opens it and where to, so that what one
 * process sends to another can be lost or late, in one direction or both, whoever opened the
 * connection. What is lost arrives when the network heals, unless the connection has ended by then.
 */
import { createServer, type Server, type Socket } from "node:net";
import { connectThrough } from "./faulty-process.mjs";
import { type LinkState, OPEN, TcpLink } from "./tcp-link.js";

/** Everybody but the process itself. */
export const ANYBODY = "*";

interface Trouble {
  readonly from: string;
  readonly to: string;
  /** Infinity: lost. */
  readonly delayMs: number;
}

interface Passage {
  readonly from: string;
  readonly port: number;
  readonly link: TcpLink;
}

/** Undoes one trouble, and leaves the others. */
export type Heal = () => void;

const PRELOAD = new URL("./faulty-process.mjs", import.meta.url).href;

export class Network implements AsyncDisposable {
  readonly #server: Server;
  readonly #passages = new Set<Passage>();
  readonly #troubles = new Set<Trouble>();
  readonly #nameOf: (port: number) => string | undefined;
  #port = 0;

  private constructor(nameOf: (port: number) => string | undefined) {
    this.#nameOf = nameOf;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** `nameOf` tells who listens on a port; it is asked anew each time. */
  static async start(nameOf: (port: number) => string | undefined): Promise<Network> {
    const network = new Network(nameOf);
    await new Promise<void>((resolve, reject) => {
      network.#server.once("error", reject);
      network.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = network.#server.address();
    if (address !== null && typeof address === "object") network.#port = address.port;
    return network;
  }

  /** What makes a process that is to be started part of the network. */
  environmentOf(name: string): Record<string, string> {
    return {
      NODE_OPTIONS: `--import=${PRELOAD}`,
      FAULTS_NAME: name,
      FAULTS_NETWORK_PORT: String(this.#port),
    };
  }

  /** Makes this process part of it, for good. */
  join(name: string): void {
    connectThrough(this.#port, name);
  }

  /** Loses what `from` sends to `to`. */
  drop(from: string, to: string): Heal {
    return this.#trouble([{ from, to, delayMs: Number.POSITIVE_INFINITY }]);
  }

  /** Loses what these two send to each other. */
  part(one: string, other: string): Heal {
    const delayMs = Number.POSITIVE_INFINITY;
    return this.#trouble([
      { from: one, to: other, delayMs },
      { from: other, to: one, delayMs },
    ]);
  }

  /** Makes what these two send to each other late. */
  slow(one: string, other: string, delayMs: number): Heal {
    return this.#trouble([{ from: one, to: other, delayMs }]);
  }

  /** Resets the connections between two, once so many more bytes have passed through each. */
  cut(one: string, other: string, afterBytes = 0): void {
    for (const { from, port, link } of this.#passages) {
      const to = this.#nameOf(port) ?? "";
      if (!matches({ from: one, to: other }, from, to)) {
        if (!matches({ from: other, to: one }, from, to)) continue;
      }
      if (afterBytes === 0) link.cut();
      else link.cutAfter(afterBytes);
    }
  }

  /** Who is connected to whom, for tests that must know that they test something. */
  connections(from: string, to: string): number {
    return [...this.#passages].filter(
      (passage) => passage.from === from && this.#nameOf(passage.port) === to,
    ).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const { link } of this.#passages) link.cut();
    this.#passages.clear();
  }

  #trouble(troubles: readonly Trouble[]): Heal {
    for (const trouble of troubles) this.#troubles.add(trouble);
    this.#apply();
    return () => {
      for (const trouble of troubles) this.#troubles.delete(trouble);
      this.#apply();
    };
  }

  #apply(): void {
    for (const { link } of this.#passages) link.apply();
  }

  #accept(near: Socket): void {
    let head: Buffer = Buffer.alloc(0);
    near.on("error", () => near.destroy());
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\n");
      if (end < 0) return;
      near.removeListener("data", onData);
      near.pause();
      if (end + 1 < head.length) near.unshift(head.subarray(end + 1));
      this.#pass(near, JSON.parse(head.toString("utf8", 0, end)));
    };
    near.on("data", onData);
  }

  #pass(near: Socket, { from, port }: { readonly from: string; readonly port: number }): void {
    const link = new TcpLink({
      near,
      targetPort: port,
      state: () => this.#stateOf(from, port),
      onGone: () => this.#passages.delete(passage),
    });
    const passage: Passage = { from, port, link };
    this.#passages.add(passage);
    link.apply();
  }

  #stateOf(from: string, port: number): LinkState {
    // Asked for every chunk that passes.
    if (this.#troubles.size === 0) return OPEN;
    const to = this.#nameOf(port) ?? "";
    const there = this.#lateness(from, to);
    const back = this.#lateness(to, from);
    const late = Math.max(...[there, back].filter(Number.isFinite), 0);
    return { requests: Number.isFinite(there), answers: Number.isFinite(back), delayMs: late };
  }

  #lateness(from: string, to: string): number {
    let delayMs = 0;
    for (const trouble of this.#troubles) {
      if (matches(trouble, from, to)) delayMs = Math.max(delayMs, trouble.delayMs);
    }
    return delayMs;
  }
}

function matches(trouble: Pick<Trouble, "from" | "to">, from: string, to: string): boolean {
  const fits = (wanted: string, name: string) => wanted === name || wanted === ANYBODY;
  return fits(trouble.from, from) && fits(trouble.to, to);
}
