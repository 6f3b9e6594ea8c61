/**
 * Looks at a document before it is accepted for a table: whatever can be seen here to be refused
 * by the database is refused now, while the caller is listening. Pure.
 */
import { CacheError, isWellFormed } from "@holdfast/core";
import type { KeyColumn, TableDescription } from "./table-description.js";

/** Fatal, so that other bytes than UTF-8 are noticed; a byte order mark is not JSON. */
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Where a document may hold U+0000 or half a surrogate pair; only then is it walked through. */
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i;

type Document = Readonly<Record<string, unknown>>;

export interface DocumentContext {
  readonly description: TableDescription;
  /** The columns that are written; `undefined`: those that the document has. */
  readonly columns: readonly string[] | undefined;
  /** The key's text for each key column. */
  readonly keyParts: readonly string[];
}

/** @throws {CacheError} `INVALID_ARGUMENT` */
export function checkDocument(value: Uint8Array, context: DocumentContext): void {
  const document = parseDocument(value);
  const { columns, description, keyParts } = context;
  for (const name of Object.keys(document)) checkName(name, context);
  description.key.forEach((column, place) => {
    const part = keyParts[place] ?? "";
    if (Object.hasOwn(document, column.name) && !agrees(document[column.name], part, column)) {
      throw invalid(`column "${column.name}" of the document does not agree with the key`);
    }
  });
  for (const name of columns ?? Object.keys(document)) {
    const column = description.columns.get(name);
    const isKey = description.key.some((key) => key.name === name);
    if (column === undefined || isKey || column.isNullable || !column.isWritable) continue;
    if (document[name] === undefined || document[name] === null) {
      throw invalid(`column "${name}" of table "${description.table}" needs a value`);
    }
  }
}

function parseDocument(value: Uint8Array): Document {
  let text: string;
  let parsed: unknown;
  try {
    text = DECODER.decode(value);
    parsed = JSON.parse(text);
  } catch {
    // Without the cause: the parser's message quotes the document.
    throw invalid("the value of a table's cache is a JSON object; this is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalid("the value of a table's cache is a JSON object; this is another kind of JSON");
  }
  if (SUSPICIOUS.test(text)) checkTexts(parsed);
  // An object out of JSON.parse has text keys and JSON values.
  return parsed as Document;
}

/** PostgreSQL's jsonb can hold neither. Depth is bounded by what JSON.parse has just managed. */
function checkTexts(value: unknown): void {
  if (typeof value === "string") {
    if (value.includes("\0")) throw invalid("a text in the document holds U+0000");
    if (!isWellFormed(value)) throw invalid("a text in the document holds a lone surrogate");
  } else if (typeof value === "object" && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      checkTexts(name);
      checkTexts(member);
    }
  }
}

function checkName(name: string, { columns, description }: DocumentContext): void {
  if (!description.columns.has(name)) {
    throw invalid(`table "${description.table}" has no column ${JSON.stringify(name)}`);
  }
  const isKey = description.key.some((column) => column.name === name);
  if (columns === undefined || isKey || columns.includes(name)) return;
  throw invalid(`column "${name}" is not among the columns that this cache writes`);
}

function agrees(value: unknown, part: string, column: KeyColumn): boolean {
  if (typeof value === "string") return value === part;
  const isInteger = column.type.startsWith("int");
  // JSON numbers lose digits beyond 2^53, the key does not; and it is the key that is written.
  return isInteger && typeof value === "number" && value === Number(part);
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_ARGUMENT", message);
}
