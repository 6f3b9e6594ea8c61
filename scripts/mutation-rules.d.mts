/** A safety rule, and how to switch it off: `from`, which is there once, is replaced by `to` in `file`. */
export interface MutationRule {
  readonly rule: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** One of them must fail then. */
  readonly suites: readonly string[];
}
export declare const MUTATIONS: readonly MutationRule[];
