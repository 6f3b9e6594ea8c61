/**
 * A TCP link that can fail: it stands between a client and a server and does to their connections
 * what networks do.
 *
 *   pass       everything goes through.
 *   blackhole  nothing goes through, in neither direction; connections stay open, also new ones.
 *   mute       requests reach the server, its answers do not come back.
 *   refuse     no new connection is accepted; those that exist go on.
 *
 * `cut()` resets every connection that exists, in any mode; `strand()` leaves those open and dead
 * for good, as a router does that has forgotten them, and lets new ones through. What a blackhole
 * has swallowed stays in the sockets' buffers and arrives after `pass`, as after a real outage.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

export type LinkMode = "pass" | "blackhole" | "mute" | "refuse";

interface Link {
  readonly near: Socket;
  readonly far: Socket;
  isStranded: boolean;
}

export interface TcpProxyOptions {
  readonly targetPort: number;
  /** Default: any free port. */
  readonly port?: number;
}

export class TcpProxy implements AsyncDisposable {
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
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
    for (const link of this.#links) this.#applyTo(link);
    if (mode === "refuse") this.#stopListening();
    else if (this.#server === undefined) await this.#listen(this.#port);
  }

  /** Resets every connection, as when a router forgets them. */
  cut(): void {
    for (const { near, far } of this.#links) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.#links.clear();
  }

  /** Silences every connection that exists, for good. */
  strand(): void {
    for (const link of this.#links) {
      link.isStranded = true;
      this.#applyTo(link);
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
    const far = connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const link = { near, far, isStranded: false };
    this.#links.add(link);
    const onGone = () => this.#links.delete(link);
    forward({ from: near, to: far, isOpen: () => this.#carriesRequests(link), onGone });
    forward({ from: far, to: near, isOpen: () => this.#carriesAnswers(link), onGone });
    this.#applyTo(link);
  }

  #carriesRequests(link: Link): boolean {
    return this.#mode !== "blackhole" && !link.isStranded;
  }

  #carriesAnswers(link: Link): boolean {
    return this.#mode !== "mute" && this.#carriesRequests(link);
  }

  #applyTo(link: Link): void {
    if (this.#carriesRequests(link)) link.near.resume();
    else link.near.pause();
    if (this.#carriesAnswers(link)) link.far.resume();
    else link.far.pause();
  }
}

interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  /** Whether the mode lets data through in this direction. */
  readonly isOpen: () => boolean;
  readonly onGone: () => void;
}

function forward({ from, to, isOpen, onGone }: Direction): void {
  from.setNoDelay(true);
  from.on("data", (chunk) => {
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => {
      if (isOpen()) from.resume();
    });
  });
  from.on("end", () => to.end());
  // The other side must see the failure as one, not as an orderly end.
  from.on("error", () => to.resetAndDestroy());
  from.on("close", () => {
    to.destroy();
    onGone();
  });
}
