/**
 * A TCP link that can fail: it stands between a client and a server and does to their connections
 * what networks do.
 *
 *   pass       everything goes through.
 *   blackhole  nothing goes through, in neither direction; connections stay open, also new ones.
 *   mute       requests reach the server, its answers do not come back.
 *   deaf       requests do not reach the server; what it says of itself comes through.
 *   refuse     no new connection is accepted; those that exist go on.
 *
 * `cut()` resets every connection that exists, in any mode; `strand()` leaves those open and dead
 * for good, as a router does that has forgotten them, and lets new ones through. What a blackhole
 * has swallowed stays in the sockets' buffers and arrives after `pass`, as after a real outage.
 */
import { createServer, type Server, type Socket } from "node:net";
import { type LinkState, OPEN, TcpLink } from "./tcp-link.js";

export type LinkMode = "pass" | "blackhole" | "mute" | "deaf" | "refuse";

const STRANDED: LinkState = { ...OPEN, requests: false, answers: false };

const STATES: Readonly<Record<LinkMode, LinkState>> = {
  pass: OPEN,
  blackhole: STRANDED,
  mute: { ...OPEN, answers: false },
  deaf: { ...OPEN, requests: false },
  refuse: OPEN,
};

export interface TcpProxyOptions {
  readonly targetPort: number;
  /** Default: any free port. */
  readonly port?: number;
}

export class TcpProxy implements AsyncDisposable {
  readonly #targetPort: number;
  readonly #links = new Set<TcpLink>();
  readonly #stranded = new WeakSet<TcpLink>();
  #server: Server | undefined;
  #port = 0;
  #mode: LinkMode = "pass";

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options.targetPort);
    await proxy.#listen(options.port ?? 0);
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get connections(): number {
    return this.#links.size;
  }

  async setMode(mode: LinkMode): Promise<void> {
    this.#mode = mode;
    for (const link of this.#links) link.apply();
    if (mode === "refuse") this.#stopListening();
    else if (this.#server === undefined) await this.#listen(this.#port);
  }

  /** Resets every connection, as when a router forgets them. */
  cut(): void {
    for (const link of this.#links) link.cut();
    this.#links.clear();
  }

  /** Resets each connection that exists once so many more bytes have gone through it. */
  cutAfter(bytes: number): void {
    for (const link of this.#links) link.cutAfter(bytes);
  }

  /** Silences every connection that exists, for good. */
  strand(): void {
    for (const link of this.#links) {
      this.#stranded.add(link);
      link.apply();
    }
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.cut();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (near) => this.#connect(near));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        if (address !== null && typeof address === "object") this.#port = address.port;
        resolve();
      });
    });
  }

  #stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #connect(near: Socket): void {
    const link: TcpLink = new TcpLink({
      near,
      targetPort: this.#targetPort,
      state: () => (this.#stranded.has(link) ? STRANDED : STATES[this.#mode]),
      onGone: () => this.#links.delete(link),
    });
    this.#links.add(link);
    link.apply();
  }
}
