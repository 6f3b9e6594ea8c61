/**
 * Reads access traces: sequences of little-endian unsigned 32-bit numbers, one per request, packed
 * with gzip or not. A number names an object; numbers are dense, from 0 up.
 *
 * What the requests mean is the workload's matter (workload.ts).
 */
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { CliError } from "../cli-error.js";

/** A trace of 64 million requests; a larger file is refused instead of filling the memory. */
const TRACE_MAX_BYTES = 256 * 1024 * 1024;

/** Numbers above this would make the catalogue larger than a demonstration can be. */
export const TRACE_MAX_OBJECTS = 20_000_000;

export interface Trace {
  /** One object number per request, in order. */
  readonly requests: Uint32Array;
  /** One more than the highest number. */
  readonly objects: number;
}

/** @throws {CliError} when the file cannot be read or is no trace. */
export async function readTrace(file: string): Promise<Trace> {
  const packed = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`cannot read the trace ${file}: ${error.code ?? error.message}`);
  });
  return parseTrace(isGzip(packed) ? await unpack(packed, file) : packed, file);
}

/** @throws {CliError} when the bytes are no trace. `name` is for the message. */
export function parseTrace(bytes: Uint8Array, name: string): Trace {
  if (bytes.length === 0 || bytes.length % 4 !== 0) {
    throw new CliError(
      `${name} is no trace: it has ${bytes.length} bytes, which is not a positive multiple of 4`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const requests = new Uint32Array(bytes.length / 4);
  let highest = 0;
  for (let index = 0; index < requests.length; index++) {
    const id = view.getUint32(index * 4, true);
    requests[index] = id;
    if (id > highest) highest = id;
  }
  if (highest >= TRACE_MAX_OBJECTS) {
    throw new CliError(
      `${name} is no trace with dense object numbers: it names object ${highest}, ` +
        `and at most ${TRACE_MAX_OBJECTS} objects are allowed`,
    );
  }
  return { requests, objects: highest + 1 };
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function unpack(packed: Uint8Array, file: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: TRACE_MAX_BYTES });
  } catch (error) {
    throw new CliError(`cannot unpack the trace ${file}: ${(error as Error).message}`);
  }
}
