/**
 * What nodes ask of the leader and wait for: higher terms, and fenced incarnations to be taken note
 * of. A request waits here until a published topology shows what was asked for, or that it can no
 * longer be had. The leader's session takes what is pending into its next step.
 */
import { CacheError, type Incarnation, NotOwnerError, type Topology } from "@holdfast/core";
import { needsTerm, type TermRequest } from "./reconcile.js";

interface Waiting<Asked> {
  readonly asked: Asked;
  readonly resolve: () => void;
  readonly reject: (reason: CacheError) => void;
}

export class Requests {
  readonly #onAsked: () => void;
  readonly #terms = new Set<Waiting<TermRequest>>();
  readonly #fences = new Set<Waiting<readonly Incarnation[]>>();

  /** `onAsked` is called when there is something new to do. */
  constructor(onAsked: () => void) {
    this.#onAsked = onAsked;
  }

  /** Resolves once a topology with a sufficient term is published. */
  askForTerm(request: TermRequest, signal: AbortSignal): Promise<void> {
    return this.#ask(this.#terms, request, signal);
  }

  /** Resolves once no published partition waits for these to be fenced. */
  reportFenced(incarnations: readonly Incarnation[], signal: AbortSignal): Promise<void> {
    return this.#ask(this.#fences, incarnations, signal);
  }

  get termRequests(): readonly TermRequest[] {
    return [...this.#terms].map(({ asked }) => asked);
  }

  get fenced(): ReadonlySet<Incarnation> {
    return new Set([...this.#fences].flatMap(({ asked }) => asked));
  }

  /** Answers whatever this published topology decides. */
  settle(topology: Topology): void {
    for (const waiting of this.#terms) {
      const { partition: number, incarnation, term, minTerm } = waiting.asked;
      const partition = topology.partitions[number];
      if (partition !== undefined && needsTerm(partition, waiting.asked)) continue;
      if (partition?.owner === incarnation && partition.term >= Math.max(term, minTerm)) {
        waiting.resolve();
      } else waiting.reject(new NotOwnerError({ epoch: topology.epoch }));
      this.#terms.delete(waiting);
    }
    if (this.#fences.size === 0) return;
    const unfenced = new Set(topology.partitions.flatMap((partition) => partition.unfenced));
    for (const waiting of this.#fences) {
      if (waiting.asked.some((incarnation) => unfenced.has(incarnation))) continue;
      waiting.resolve();
      this.#fences.delete(waiting);
    }
  }

  /** Nobody here can answer any more: another coordinator may. */
  rejectAll(reason: CacheError): void {
    for (const waiting of [...this.#terms, ...this.#fences]) waiting.reject(reason);
    this.#terms.clear();
    this.#fences.clear();
  }

  #ask<Asked>(queue: Set<Waiting<Asked>>, asked: Asked, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        queue.delete(waiting);
        reject(new CacheError("UNAVAILABLE", "the topology could not be published in time"));
      };
      const settled = (then: () => void) => () => {
        signal.removeEventListener("abort", giveUp);
        then();
      };
      const waiting: Waiting<Asked> = {
        asked,
        resolve: settled(resolve),
        reject: (reason) => settled(() => reject(reason))(),
      };
      if (signal.aborted) {
        giveUp();
        return;
      }
      signal.addEventListener("abort", giveUp, { once: true });
      queue.add(waiting);
      this.#onAsked();
    });
  }
}
