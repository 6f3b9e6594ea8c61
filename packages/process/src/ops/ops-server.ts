/**
 * The HTTP port for probes and metrics: `/healthz` (the event loop turns), `/readyz` (the process
 * does its work), `/metrics` (Prometheus). Nothing else, and nothing that reveals data.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Component, Logger } from "@holdfast/core";
import type { Registry } from "prom-client";
import { joinAddress, listenError } from "./listening.js";

/** Probes and scrapes are small and quick; whoever is not, is cut off. */
const MAX_HEADER_BYTES = 8_192;
const MAX_HEADERS = 64;
const MAX_CONNECTIONS = 256;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;

export type Readiness =
  | { readonly ready: true }
  /** The reason is shown to whoever asks. */
  | { readonly ready: false; readonly reason: string };

export interface OpsServerOptions {
  readonly host: string;
  /** 0: the system chooses one; `port` tells which. */
  readonly port: number;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly readiness: () => Readiness;
}

export class OpsServer implements Component {
  readonly name = "ops server";
  readonly #options: OpsServerOptions;
  readonly #server: Server;

  constructor(options: OpsServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: HEADERS_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      },
      (request, response) => {
        this.#answer(request, response).catch((error: unknown) => {
          options.logger.error({ err: error, path: request.url }, "request failed");
          if (!response.headersSent) sendJson(response, 500, { error: "internal error" });
          else response.destroy();
        });
      },
    );
    this.#server.maxHeadersCount = MAX_HEADERS;
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** The bound port; 0 before `start()`. */
  get port(): number {
    const address = this.#server.address() as AddressInfo | null; // Never a pipe: listen() got a port.
    return address?.port ?? 0;
  }

  /** `host:port` as bound. */
  get address(): string {
    return joinAddress(this.#options.host, this.port);
  }

  async start(): Promise<void> {
    const { host, port, logger } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException) => {
        reject(listenError(this.name, joinAddress(host, port), error));
      };
      this.#server.once("error", refuse);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", refuse);
        this.#server.on("error", (error) => logger.warn({ err: error }, "ops server error"));
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split("?")[0];
    if (path !== "/healthz" && path !== "/readyz" && path !== "/metrics") {
      sendJson(response, 404, { error: "not found", paths: ["/healthz", "/readyz", "/metrics"] });
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      sendJson(response, 405, { error: "method not allowed" });
      return;
    }
    if (path === "/healthz") {
      sendJson(response, 200, { status: "ok" });
      return;
    }
    if (path === "/readyz") {
      const readiness = this.#options.readiness();
      sendJson(response, readiness.ready ? 200 : 503, readiness);
      return;
    }
    const { metrics } = this.#options;
    send(response, { code: 200, contentType: metrics.contentType, body: await metrics.metrics() });
  }
}

function sendJson(response: ServerResponse, code: number, body: object): void {
  send(response, { code, contentType: "application/json", body: `${JSON.stringify(body)}\n` });
}

interface Answer {
  readonly code: number;
  readonly contentType: string;
  readonly body: string;
}

function send(response: ServerResponse, { code, contentType, body }: Answer): void {
  response.writeHead(code, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(body);
}
