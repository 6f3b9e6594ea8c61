/** What tests of the registry share: clients of their own cluster, and a record of what a watch says. */
import { type Logger, silentLogger, systemClock, systemRandom } from "@holdfast/core";
import { createEtcdRegistry, type Registry, type RegistrySnapshot } from "@holdfast/process";
import { eventually } from "./eventually.js";

export function connectRegistry(
  endpoints: readonly string[],
  cluster: string,
  logger: Logger = silentLogger,
): Registry {
  return createEtcdRegistry({
    endpoints,
    cluster,
    clock: systemClock,
    random: systemRandom,
    logger,
  });
}

/** Values by key, as text. */
export function textsOf(snapshot: RegistrySnapshot): Record<string, string> {
  // Without a prototype, so that no key is special.
  const texts: Record<string, string> = Object.create(null);
  for (const { key, value } of snapshot.entries.values()) texts[key] = value.toString("utf8");
  return texts;
}

/** Everything that a watch reported, oldest first. */
export class WatchRecord {
  readonly snapshots: RegistrySnapshot[] = [];
  readonly #close: () => Promise<void>;

  constructor(registry: Registry, prefix: string) {
    const watch = registry.watch(prefix, (snapshot) => this.snapshots.push(snapshot));
    this.#close = () => watch.close();
  }

  get last(): RegistrySnapshot | undefined {
    return this.snapshots.at(-1);
  }

  /** Resolves once the last report has exactly these values. */
  async shows(expected: Readonly<Record<string, string>>, timeoutMs = 15_000): Promise<void> {
    const wanted = canonical(expected);
    const shown = () => (this.last === undefined ? "nothing" : canonical(textsOf(this.last)));
    try {
      await eventually(`the watch shows ${wanted}`, () => shown() === wanted, timeoutMs);
    } catch (error) {
      throw new Error(`the watch shows ${shown()}`, { cause: error });
    }
  }

  close(): Promise<void> {
    return this.#close();
  }
}

function canonical(texts: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
