/**
 * Single-key operations a second from one client process, ours beside others': 90 % `get`, 256 in flight, 16-byte keys,
 * asked for by Zipf's law. Clients and servers are processes of their own. Rounds are taken in turn, ours and the
 * others', and each figure is a median. `cpu` is what an operation costs the client's process, and its servers'.
 */
import { bar, compared, median, progress } from "../report.mjs";
import { Field } from "./field.mjs";

const IN_FLIGHT = 256;
const ROUND_MS = 1_500;
const OURS = "holdfast";

/**
 * @param bars - by bytes of a value and name of a rival: at least so many times as much as that one.
 * @returns what `report` takes.
 */
export async function compareSingles({ rivals, sizes, nodes, rounds, bars }) {
  const compiled = { results: [], alone: [], bars: [] };
  for (const valueBytes of sizes) {
    const field = await Field.open({ clients: [...new Set([OURS, ...rivals])], nodes, valueBytes });
    try {
      const name = `mixed, ${valueBytes} B, ${IN_FLIGHT} in flight, ${nodes} nodes`;
      const measured = await takeTurns(field, rounds);
      for (const [client, figures] of measured) {
        progress(`${name}: ${client} ${Math.round(median(figures.perSecond))} a second`);
        for (const [whose, microseconds] of Object.entries(figures.cpu)) {
          const value = median(microseconds);
          const cost = `${client}, ${valueBytes} B: ${whose} cpu`;
          compiled.alone.push({ name: cost, value, unit: "µs" });
        }
        if (client === OURS) continue;
        const ours = measured.get(OURS).perSecond;
        const peer = figures.perSecond;
        const result = compared({ name, ours, peer, peerName: client, unit: "operations/s" });
        compiled.results.push(result);
        const least = bars[valueBytes]?.[client];
        if (least !== undefined) {
          compiled.bars.push(bar(`${name} / ${client}`, result.ratio, { least }));
        }
      }
    } finally {
      await field.close();
    }
  }
  return compiled;
}

async function takeTurns(field, rounds) {
  const operations = new Map();
  for (const client of field.clients) {
    const warmUp = { do: "single", operations: 50_000, inFlight: IN_FLIGHT };
    await field.ask(client, warmUp);
    const { perSecond } = await field.ask(client, warmUp);
    operations.set(client, Math.round((perSecond * ROUND_MS) / 1_000));
  }
  const measured = new Map(
    field.clients.map((client) => [client, { perSecond: [], cpu: { client: [], server: [] } }]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const [client, figures] of measured) {
      const task = { do: "single", operations: operations.get(client), inFlight: IN_FLIGHT };
      const used = field.serverCpu(client);
      const { perSecond, cpuMicroseconds } = await field.ask(client, task);
      figures.perSecond.push(perSecond);
      figures.cpu.client.push(cpuMicroseconds);
      figures.cpu.server.push((field.serverCpu(client) - used) / task.operations);
    }
  }
  return measured;
}
