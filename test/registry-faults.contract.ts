import { type Registry, RegistryUnavailableError } from "@holdfast/process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compact } from "./support/compact.js";
import { connectRegistry, WatchRecord } from "./support/registry-probe.js";
import { TcpProxy } from "./support/tcp-proxy.js";

/** A server of the etcd protocol under test. */
export interface RegistryServer {
  readonly endpoint: string;
  readonly port: number;
  /** Whether its data survive `kill()`. */
  readonly isDurable: boolean;
  /** Ends at once. */
  kill(): Promise<void>;
  /** Comes back on the same port after `kill()`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

let clusters = 0;

/** What the registry client makes of failing servers and links. Call it inside a `describe`. */
export function itSurvivesFaults(startServer: () => Promise<RegistryServer>): void {
  let server: RegistryServer;
  let registry: Registry;
  let proxy: TcpProxy;
  /** The same cluster through the proxy. */
  let remote: Registry;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    proxy = await TcpProxy.start({ targetPort: server.port });
    const cluster = `faults-${clusters++}`;
    registry = connectRegistry([server.endpoint], cluster);
    remote = connectRegistry([`http://${proxy.address}`], cluster);
  });
  afterEach(async () => {
    await Promise.all([registry.close(), remote.close()]);
    await proxy.stop();
  });

  async function put(key: string, value: string): Promise<number> {
    return (await registry.transact([], [{ key, put: value }])).revision;
  }

  describe("a watch", () => {
    it("resumes after the server was killed and came back", async () => {
      await put("a", "1");
      const record = new WatchRecord(registry, "");
      await record.shows({ a: "1" });
      await server.kill();
      await expect(registry.get("a")).rejects.toThrow(RegistryUnavailableError);
      await server.start();
      // A server that has forgotten everything shows that it has.
      await record.shows(server.isDurable ? { a: "1" } : {});
      await put("b", "2");
      await record.shows(server.isDurable ? { a: "1", b: "2" } : { b: "2" });
    });

    it("that was cut off survives the compaction of what it missed", async () => {
      await put("a", "1");
      const record = new WatchRecord(remote, "");
      await record.shows({ a: "1" });
      await proxy.setMode("refuse");
      proxy.cut();
      for (const value of ["2", "3", "4"]) await put("a", value);
      await put("b", "1");
      await compact(server.endpoint, await put("c", "1"));
      await proxy.setMode("pass");
      await record.shows({ a: "4", b: "1", c: "1" });
      await put("d", "1");
      await record.shows({ a: "4", b: "1", c: "1", d: "1" });
    });

    it("notices that its connection has fallen silent", async () => {
      const record = new WatchRecord(remote, "");
      await record.shows({});
      proxy.strand();
      await put("a", "1");
      await record.shows({ a: "1" });
      await put("b", "1");
      await record.shows({ a: "1", b: "1" });
    });

    it("catches up after a blackhole", async () => {
      await put("a", "1");
      const record = new WatchRecord(remote, "");
      await record.shows({ a: "1" });
      await proxy.setMode("blackhole");
      await expect(remote.get("a")).rejects.toThrow(RegistryUnavailableError);
      await put("a", "2");
      proxy.strand();
      await proxy.setMode("pass");
      await record.shows({ a: "2" });
    });

    it("survives being cut off again and again", async () => {
      const record = new WatchRecord(remote, "");
      await record.shows({});
      for (let round = 0; round < 10; round++) {
        await put("a", String(round));
        proxy.cut();
        await record.shows({ a: String(round) });
      }
      const revisions = record.snapshots.map(({ revision }) => revision);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    });
  });

  describe("a call", () => {
    it("through a silent connection ends in time, and the next one finds a way", async () => {
      const { leaseId } = await remote.grantLease(10_000);
      proxy.strand();
      const startedAtMs = performance.now();
      await expect(remote.renewLease(leaseId, 500)).rejects.toThrow(RegistryUnavailableError);
      expect(performance.now() - startedAtMs).toBeLessThan(10_000);
      expect(await remote.renewLease(leaseId, 2_000)).toBe(10_000);
    });

    it("that reads is tried again when its connection breaks", async () => {
      await put("a", "1");
      for (let round = 0; round < 10; round++) {
        proxy.cut();
        expect((await remote.get("a"))?.value.toString()).toBe("1");
      }
    });

    it("that writes is not sent again when its answer is lost", async () => {
      await remote.get("a");
      await proxy.setMode("mute");
      const lost = remote.transact(
        [{ key: "a", target: "create", equals: 0 }],
        [{ key: "a", put: "token" }],
      );
      await expect(lost).rejects.toThrow(RegistryUnavailableError);
      await proxy.setMode("pass");
      const entry = await remote.get("a");
      expect(entry?.value.toString()).toBe("token");
      expect(entry?.modRevision).toBe(entry?.createRevision);
    });

    it("after close() fails", async () => {
      await remote.close();
      await expect(remote.get("a")).rejects.toThrow("the registry connection is closed");
    });
  });
}
