/**
 * The line to the launcher that started this process: says when it is ready and what it reports,
 * hears when it shall drain. The launcher's death closes the line and means the same as being told
 * to drain, so that no process outlives it. Without a launcher everything here does nothing.
 */

/** The part of `process` that is used; there is a line when `send` is present. */
export interface ParentChannel {
  send?: (message: object, callback: (error: Error | null) => void) => unknown;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
  disconnect?: () => void;
  connected?: boolean;
}

export class ParentLink {
  readonly #channel: ParentChannel;
  readonly #callbacks = new Set<() => void>();
  #draining = false;

  constructor(channel: ParentChannel = process) {
    this.#channel = channel;
    if (!this.connected) return;
    channel.on("message", (message) => {
      if (isDrain(message)) this.#drain();
    });
    channel.on("disconnect", () => this.#drain());
  }

  /** Whether there is a launcher at the other end. */
  get connected(): boolean {
    return this.#channel.send !== undefined && this.#channel.connected !== false;
  }

  /** The process serves; `info` says under which addresses. */
  ready(info: object): void {
    this.report({ ...info, type: "ready" });
  }

  /** Tells the launcher something else. Lost when the line is closed. */
  report(message: object): void {
    if (!this.connected) return;
    // The line may close at any moment; "disconnect" then says what matters.
    this.#channel.send?.(message, () => {});
  }

  /** Calls back once, as soon as the process shall drain; also when that was said before. */
  onDrain(callback: () => void): void {
    if (this.#draining) callback();
    else this.#callbacks.add(callback);
  }

  /** Gives up the line, which would otherwise keep the process alive. */
  close(): void {
    this.#callbacks.clear();
    if (this.connected) this.#channel.disconnect?.();
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const callback of this.#callbacks) callback();
    this.#callbacks.clear();
  }
}

function isDrain(message: unknown): boolean {
  return (
    typeof message === "object" && message !== null && "type" in message && message.type === "drain"
  );
}
