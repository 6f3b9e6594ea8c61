/** A node or coordinator that a test starts by itself, to see how it fails or to have one too many. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended; `stderr` is what it said there. */
  readonly exit: Promise<{ readonly code: number | null; readonly stderr: string }>;
  kill(): void;
}

/** Starts one with these settings, as `HOLDFAST_…` variables. */
export function spawnServer(
  kind: "node" | "coordinator",
  settings: Readonly<Record<string, string>>,
): ServerProcess {
  const main = fileURLToPath(new URL(`../../packages/${kind}/dist/main.js`, import.meta.url));
  const environment = Object.entries(settings).map(([name, value]) => [`HOLDFAST_${name}`, value]);
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...Object.fromEntries(environment) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const exit = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.once("close", (code) => {
      process.removeListener("exit", kill);
      resolve({ code, stderr });
    });
  });
  return { pid: child.pid ?? 0, exit, kill };
}

/** Settings of a node that would join a cluster, on ports of the system's choice. */
export function nodeSettings(
  etcdEndpoint: string,
  databaseUrl: string,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    CLUSTER: "local",
    NODE_ID: "stranger",
    LISTEN__DATA_PORT: "0",
    LISTEN__PEER_PORT: "0",
    LISTEN__HTTP_PORT: "0",
    ETCD__ENDPOINTS: `["${etcdEndpoint}"]`,
    ETCD__LEASE_TTL: "2s",
    DATABASE__URL: databaseUrl,
    LOG__LEVEL: "silent",
    ...changes,
  };
}
