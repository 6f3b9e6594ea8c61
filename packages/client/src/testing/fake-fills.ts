/** The fill tokens of a fake cluster. Their leases never end by themselves; tests end them. */
import type { Operation__Output, Reply } from "@holdfast/proto";

interface FakeFill {
  token: number;
  readonly waiting: ((reply: Reply) => void)[];
}

export class FakeFills {
  /** By cache and key. */
  readonly #fills = new Map<string, FakeFill>();
  readonly #absent = new Set<string>();
  #lastToken = 0;
  /** What tokens are given out for. */
  leaseMs = 3_000;
  /** Renewals of good tokens. */
  renewals = 0;

  /** Who waits. */
  get waiting(): number {
    return [...this.#fills.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  isKnownAbsent(place: string): boolean {
    return this.#absent.has(place);
  }

  /** A token; or, if somebody has one, what becomes of it. */
  ask(place: string, isHasty: boolean): Reply | Promise<Reply> {
    const fill = this.#fills.get(place);
    if (fill === undefined) {
      const created: FakeFill = { token: 0, waiting: [] };
      this.#fills.set(place, created);
      return this.#grant(created);
    }
    if (isHasty) return { filling: true };
    return new Promise((resolve) => {
      fill.waiting.push(resolve);
    });
  }

  /** Whether the token is good; then it is used up, and those who wait are told. */
  take(
    place: string,
    { fillToken, fill, fillError, value, encoding, ttlMs }: Operation__Output,
  ): boolean {
    const current = this.#fills.get(place);
    if (current === undefined || current.token !== fillToken) return false;
    if (fill === "RETURNED") {
      this.expire(place);
      return true;
    }
    this.#fills.delete(place);
    if (fill === "NOT_FOUND" && ttlMs) this.#absent.add(place);
    const isFound = fill === undefined || fill === "FOUND";
    const found = isFound ? ({ value, encoding, source: "LOADER" } as const) : {};
    const failed = {
      code: "LOAD_FAILED",
      message: `the key's loader failed: ${fillError}`,
    } as const;
    for (const tell of current.waiting) tell(fill === "FAILED" ? failed : found);
    return true;
  }

  renew(place: string, { fillToken }: Operation__Output): boolean {
    const isGood = this.#fills.get(place)?.token === fillToken;
    if (isGood) this.renewals += 1;
    return isGood;
  }

  /** The lease is over: the next one who waits is to load. */
  expire(place: string): void {
    const fill = this.#fills.get(place);
    const next = fill?.waiting.shift();
    if (fill === undefined || next === undefined) this.#fills.delete(place);
    else next(this.#grant(fill));
  }

  /** The key was written. Those who wait are told to look again, here by a new token. */
  cancel(place: string): void {
    this.#absent.delete(place);
    this.expire(place);
  }

  #grant(fill: FakeFill): Reply {
    this.#lastToken += 1;
    fill.token = this.#lastToken;
    return { fillToken: fill.token, leaseMs: this.leaseMs };
  }
}
