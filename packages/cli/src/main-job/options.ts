/** What the main job may be told, with defaults and ranges. */

export interface MainJobOptions {
  /** Rows of the catalogue; more when the trace names more. Default 100,000; 1,000 to 5,000,000. */
  readonly products: number;
  /** A file of requests; `undefined`: lookups by Zipf's law. */
  readonly trace: string | undefined;
  /** Most lookups in the measured run. Default 300,000; 1,000 to 50,000,000. */
  readonly lookups: number;
  /** Nodes at the start. Default 3; 2 to 9, since two of them are killed. */
  readonly nodes: number;
  /** Seed of everything drawn at random; printed. Default: a new one. */
  readonly seed: number;
  /** Folder for the database and the logs, which stays. Default: a temporary one. */
  readonly dataDir: string | undefined;
  /** End after the summary, instead of running until Ctrl-C. */
  readonly once: boolean;
}

export const DEFAULT_PRODUCTS = 100_000;
export const DEFAULT_LOOKUPS = 300_000;
export const DEFAULT_NODES = 3;
