/** Dead letters as people and programs read them. */
import type { DeadLetter__Output } from "@holdfast/proto";
import { CODEC, codecOf, compressionNameOf, decompress } from "@holdfast/proto";
import { nameOf } from "../rpc/operator.js";

/** A letter in the form of the JSON output. */
export interface LetterJson {
  readonly cache: string;
  readonly key: string;
  readonly version: number;
  readonly deleted: boolean;
  /** As it is stored. */
  readonly valueBytes: number;
  /** What the stored value is compressed with; absent: it is not. */
  readonly compression?: string;
  /**
   * Decompressed: JSON as it is, text as text, anything else as base64 in `valueBase64`. Where it was
   * asked for.
   */
  readonly value?: unknown;
  readonly valueBase64?: string;
  /** Why it could not be decompressed: `valueBase64` is what is stored. */
  readonly valueProblem?: string;
  readonly expiresAt?: string;
  /** Empty: the database was not asked; `message` says why. */
  readonly sqlstate: string;
  readonly message: string;
  readonly at: string;
  readonly incarnation: string;
}

export function toLetterJson(letter: DeadLetter__Output): LetterJson {
  const { cache, key, version } = nameOf(letter);
  const { deleted, valueBytes, expiresAtMs, sqlstate, message, atMs, incarnation } = letter;
  const compression = compressionNameOf(letter.encoding);
  return {
    cache,
    key: key.toString("utf8"),
    version,
    deleted,
    valueBytes,
    ...(compression !== undefined && { compression }),
    ...shownValue(letter),
    ...(expiresAtMs !== undefined && { expiresAt: new Date(expiresAtMs).toISOString() }),
    sqlstate,
    message,
    at: new Date(atMs).toISOString(),
    incarnation,
  };
}

/** One letter on one line: which, and why. */
export function describeLetter(letter: LetterJson): string {
  const what = letter.deleted ? "deletion" : describeSize(letter.valueBytes, letter.compression);
  const lines = [`${describeName(letter)}  ${letter.at}  ${what}  ${describeProblem(letter)}`];
  if (letter.value !== undefined) lines.push(`    ${JSON.stringify(letter.value)}`);
  if (letter.valueProblem !== undefined) lines.push(`    ${letter.valueProblem}`);
  if (letter.valueBase64 !== undefined) lines.push(`    base64 ${letter.valueBase64}`);
  return lines.join("\n");
}

/** @param compression - `undefined`: none. */
export function describeSize(valueBytes: number, compression: string | undefined): string {
  const how = compression === undefined ? "" : ` compressed with ${compression}`;
  return `${valueBytes} bytes${how}`;
}

export function describeName(name: Pick<LetterJson, "cache" | "key" | "version">): string {
  // Quoted: a key may have line ends or escape sequences in it.
  return `${name.cache} ${JSON.stringify(name.key)} version ${name.version}`;
}

export function describeProblem(problem: Pick<LetterJson, "sqlstate" | "message">): string {
  const { sqlstate, message } = problem;
  const text = message.replaceAll(/\s+/g, " ");
  return sqlstate === "" ? text : `${sqlstate}: ${text}`;
}

function shownValue({ value: stored, encoding, deleted }: DeadLetter__Output) {
  if (stored === undefined || deleted) return {};
  let value: Buffer;
  try {
    value = Buffer.from(decompress({ value: stored, encoding }));
  } catch (error) {
    const valueProblem = error instanceof Error ? error.message : String(error);
    return { valueProblem, valueBase64: stored.toString("base64") };
  }
  const codec = codecOf(encoding);
  if (codec === CODEC.string) return { value: value.toString("utf8") };
  if (codec === CODEC.json) {
    try {
      return { value: JSON.parse(value.toString("utf8")) as unknown };
    } catch {
      // Perhaps that is why it is refused.
    }
  }
  return { valueBase64: value.toString("base64") };
}
