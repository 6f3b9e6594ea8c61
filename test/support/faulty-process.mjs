/**
 * Loaded into a node or coordinator before its own code (`--import`), so that tests can do to a process
 * what its machine might: send every connection that it opens through a network that fails
 * (network.ts), set its clock, hold up its event loop. Does nothing of it without being told.
 *
 * FAULTS_NAME          how the network calls this process.
 * FAULTS_NETWORK_PORT  where the network takes connections in.
 * FAULTS_ORDERS        a folder; SIGUSR2 makes the process read `<pid>.json` in it and obey:
 *                      `clockMs` is added to what the system's clock says from now on,
 *                      `blockMs` is how long the event loop stands still.
 */
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/** Sends what this process connects to through the network; connections that are `isDirect` excepted. */
export function connectThrough(networkPort, name) {
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function connectThroughNetwork(...args) {
    const { options, callback } = optionsOf(args);
    if (options.isDirect || options.path !== undefined || !(Number(options.port) > 0)) {
      return connect.apply(this, args);
    }
    const { host, ...rest } = options;
    connect.call(this, { ...rest, host: "127.0.0.1", port: networkPort }, callback);
    // Waits for the connection, ahead of everything that the owner of the socket writes.
    this.write(`${JSON.stringify({ from: name, port: Number(options.port) })}\n`);
    return this;
  };
}

/** The forms in which Node takes the arguments of `connect`; the first is its own, of net.connect(). */
function optionsOf([first, second, third]) {
  if (Array.isArray(first)) return { options: first[0], callback: first[1] ?? undefined };
  if (typeof first === "object") return { options: first, callback: second };
  const host = typeof second === "string" ? second : "localhost";
  const callback = typeof second === "function" ? second : third;
  return { options: Number(first) > 0 ? { port: first, host } : { path: first }, callback };
}

function obey(folder) {
  const SystemDate = Date;
  let aheadMs = 0;
  globalThis.Date = class ShiftedDate extends SystemDate {
    constructor(...args) {
      if (args.length === 0) super(SystemDate.now() + aheadMs);
      else super(...args);
    }
    static now() {
      return SystemDate.now() + aheadMs;
    }
  };
  process.on("SIGUSR2", () => {
    const { clockMs, blockMs = 0 } = JSON.parse(
      readFileSync(join(folder, `${process.pid}.json`), "utf8"),
    );
    if (clockMs !== undefined) aheadMs = clockMs;
    const untilMs = performance.now() + blockMs;
    while (performance.now() < untilMs);
  });
}

const { FAULTS_NAME, FAULTS_NETWORK_PORT, FAULTS_ORDERS } = process.env;
if (FAULTS_NAME !== undefined && FAULTS_NETWORK_PORT !== undefined) {
  connectThrough(Number(FAULTS_NETWORK_PORT), FAULTS_NAME);
}
if (FAULTS_ORDERS !== undefined) obey(FAULTS_ORDERS);
