/**
 * Where components say what happened: as much of pino's interface as they need. What users store,
 * keys included, may appear at `debug` and nowhere else.
 */

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = () => {};

/** Drops everything: the client's default, and what most tests use. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
