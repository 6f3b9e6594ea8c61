/**
 * What nodes ask of the leader and wait for: higher terms, changes of in-sync sets, and fenced
 * incarnations to be taken note of. A request waits here until a published topology shows what was asked for, or that it can no
 * longer be had. The leader's session takes what is pending into its next step.
 */
import { CacheError, type Incarnation, NotOwnerError, type Topology } from "@holdfast/core";
import { needsTerm, type TermRequest } from "./facts.js";
import {
  type InSyncProposals,
  type InSyncRemovals,
  isFromOwner,
  isOpenProposal,
} from "./in-sync.js";

interface Waiting<Asked, Answer = void> {
  readonly asked: Asked;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: CacheError) => void;
}

export class Requests {
  readonly #onAsked: () => void;
  readonly #terms = new Set<Waiting<TermRequest>>();
  readonly #fences = new Set<Waiting<readonly Incarnation[]>>();
  readonly #proposals = new Set<Waiting<InSyncProposals>>();
  readonly #removals = new Set<Waiting<InSyncRemovals, number>>();

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

  /** Resolves once it is decided what comes of them: the topology shows it. */
  proposeInSync(proposals: InSyncProposals, signal: AbortSignal): Promise<void> {
    return this.#ask(this.#proposals, proposals, signal);
  }

  /** Resolves with the first epoch in which they are in no in-sync set, once that is published. */
  removeInSync(removals: InSyncRemovals, signal: AbortSignal): Promise<number> {
    return this.#ask(this.#removals, removals, signal);
  }

  get proposals(): readonly InSyncProposals[] {
    return [...this.#proposals].map(({ asked }) => asked);
  }

  get removals(): readonly InSyncRemovals[] {
    return [...this.#removals].map(({ asked }) => asked);
  }

  /** A topology was published in which these removals were taken into account. */
  noteRemoved(removals: readonly InSyncRemovals[], { epoch, partitions }: Topology): void {
    for (const waiting of this.#removals) {
      const { asked } = waiting;
      if (!removals.includes(asked)) continue;
      // Some may have been left alone, for the time being. Then all are asked for once more.
      const isDone = asked.changes.every((change) => {
        const partition = partitions[change.partition];
        if (partition === undefined || !isFromOwner(partition, asked.incarnation, change))
          return true;
        return partition.changedEpoch === epoch && !partition.inSync.includes(change.member);
      });
      if (!isDone) continue;
      waiting.resolve(epoch);
      this.#removals.delete(waiting);
    }
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
    this.#settleInSync(topology);
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
    for (const queue of [this.#terms, this.#fences, this.#proposals, this.#removals]) {
      for (const waiting of queue) waiting.reject(reason);
      queue.clear();
    }
  }

  #settleInSync({ epoch, partitions }: Topology): void {
    for (const waiting of this.#proposals) {
      const { asked } = waiting;
      const isOpen = asked.changes.some((change) =>
        isOpenProposal(partitions[change.partition], asked, change),
      );
      if (isOpen) continue;
      waiting.resolve();
      this.#proposals.delete(waiting);
    }
    for (const waiting of this.#removals) {
      const { incarnation, changes } = waiting.asked;
      const isAsked = changes.some((change) =>
        isFromOwner(partitions[change.partition], incarnation, change),
      );
      if (isAsked) continue;
      waiting.reject(new NotOwnerError({ epoch }));
      this.#removals.delete(waiting);
    }
  }

  #ask<Asked, Answer>(
    queue: Set<Waiting<Asked, Answer>>,
    asked: Asked,
    signal: AbortSignal,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        queue.delete(waiting);
        reject(new CacheError("UNAVAILABLE", "the topology could not be published in time"));
      };
      const settled =
        <Value>(then: (value: Value) => void) =>
        (value: Value) => {
          signal.removeEventListener("abort", giveUp);
          then(value);
        };
      const waiting: Waiting<Asked, Answer> = {
        asked,
        resolve: settled(resolve),
        reject: settled(reject),
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
