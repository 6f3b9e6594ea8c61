/**
 * The logger that components take: the part of pino's interface that they use, fields first.
 *
 * Keys and values of users are never logged above `debug`.
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
