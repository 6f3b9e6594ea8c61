/**
 * The process that keeps the embedded PostgreSQL of a local cluster.
 *
 * It exists for one case: the launcher is killed. The nodes then drain by themselves and need the
 * database for that, so somebody must stop it after them, and remove the temporary folder. As long
 * as the launcher lives, it says when to stop. A server that ends before that takes the keeper with
 * it, which is how the launcher hears of it.
 */
import { rm } from "node:fs/promises";
import { type Clock, delay, silentLogger, systemClock } from "@holdfast/core";
import { startPostgres } from "../postgres.js";

/** Longest time that the nodes of a killed launcher are given to drain. */
const OUTLIVE_MS = 60_000;
const POLL_MS = 200;

async function main(environment: NodeJS.ProcessEnv, clock: Clock): Promise<void> {
  const binDir = environment.HOLDFAST_POSTGRES_BIN ?? "";
  const remove = environment.HOLDFAST_KEEPER_REMOVE ?? "";
  const postgres = await startPostgres({
    dataDir: environment.HOLDFAST_KEEPER_DATA_DIR ?? "",
    logger: silentLogger,
    ...(binDir === "" ? {} : { binDir }),
  });
  let outlive: readonly number[] = [];
  const end = new Promise<"drained" | "abandoned" | "crashed">((resolve) => {
    void postgres.exited.then(() => resolve("crashed"));
    process.on("message", (message: { type?: unknown; pids?: unknown }) => {
      if (message.type === "outlive" && isPids(message.pids)) outlive = message.pids;
      if (message.type === "drain") resolve("drained");
    });
    process.on("disconnect", () => resolve("abandoned"));
    process.on("SIGTERM", () => resolve("drained"));
    process.on("SIGINT", () => {});
  });
  process.send?.({ type: "ready", url: postgres.url });
  const how = await end;
  if (how === "crashed") throw new Error("the PostgreSQL server ended by itself");
  if (how === "abandoned") {
    const deadlineMs = clock.monotonic() + OUTLIVE_MS;
    while (outlive.some(isAlive) && clock.monotonic() < deadlineMs) await delay(clock, POLL_MS);
    await postgres.stop();
    if (remove !== "") await rm(remove, { recursive: true, force: true });
  } else {
    await postgres.stop();
  }
  // The channel to the launcher would keep this process alive.
  if (process.connected) process.disconnect();
}

function isPids(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((pid) => Number.isInteger(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

await main(process.env, systemClock).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
