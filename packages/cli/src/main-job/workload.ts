/**
 * Which products are looked up, in which order: those of a trace, or drawn by Zipf's law with drift.
 * Products are numbered from 1; the objects of a trace from 0.
 */
import type { Random } from "@holdfast/core";
import { readTrace } from "./trace.js";
import { drawZipf, ZIPF_DRIFT_EVERY, ZIPF_EXPONENT } from "./zipf.js";

export interface Workload {
  /** One line that says where the lookups come from. */
  readonly description: string;
  /** One product per lookup. */
  readonly requests: Uint32Array;
  /** How many products the catalogue needs. */
  readonly products: number;
}

export interface WorkloadOptions {
  /** A trace file; `undefined`: Zipf's law. */
  readonly trace: string | undefined;
  /** Most lookups. */
  readonly lookups: number;
  /** Least size of the catalogue. */
  readonly products: number;
  readonly random: Random;
}

/** @throws {CliError} when the trace cannot be used. */
export async function makeWorkload(options: WorkloadOptions): Promise<Workload> {
  const { trace: file, lookups, products, random } = options;
  if (file === undefined) {
    const law = {
      objects: products,
      exponent: ZIPF_EXPONENT,
      driftEvery: ZIPF_DRIFT_EVERY,
      random,
    };
    return {
      description:
        `Zipf's law: the product of rank r is asked for in proportion to 1/r^${ZIPF_EXPONENT}, ` +
        `and every ${ZIPF_DRIFT_EVERY} lookups two products change ranks`,
      requests: drawZipf(lookups, law).map(toProduct),
      products,
    };
  }
  const trace = await readTrace(file);
  const requests = trace.requests.subarray(0, lookups).map(toProduct);
  return {
    description:
      `${file}: the first ${requests.length} of its ${trace.requests.length} requests, ` +
      `${trace.objects} objects`,
    requests,
    products: Math.max(products, trace.objects),
  };
}

function toProduct(object: number): number {
  return object + 1;
}

/** Goes through the lookups one by one; after the last it begins again with the first. */
export class LookupCursor {
  readonly #requests: Uint32Array;
  #position = 0;

  constructor(requests: Uint32Array) {
    this.#requests = requests;
  }

  next(): number {
    // Never empty: a workload has at least one lookup.
    const product = this.#requests[this.#position] as number;
    this.#position = (this.#position + 1) % this.#requests.length;
    return product;
  }
}
