/**
 * Evicts the entry that was used least often; of several, the one that has gone longest unused.
 *
 * Entries of equal frequency form a group, and the groups a chain in order of frequency. A hit
 * moves an entry to the group next door, which is made when missing, and an empty group is taken
 * out, so that the victim is always in the first group. Every step is a fixed number of link
 * changes: K. Shah, A. Mitra, D. Matani, "An O(1) algorithm for implementing the LFU cache eviction
 * scheme", 2010. Frequencies count from an entry's arrival and do not age.
 */
import { type EntryGroup, EntryList, type EvictionLinks } from "./entry-list.js";
import type { EvictionPolicy } from "./policy.js";

export class LfuPolicy<E extends EvictionLinks<E>> implements EvictionPolicy<E> {
  #rarest: EntryGroup<E> | undefined;

  onInsert(entry: E): void {
    this.#join(entry, 1, undefined);
  }

  onHit(entry: E): void {
    const from = groupOf(entry);
    from.entries.unlink(entry);
    this.#join(entry, from.rank + 1, from);
    this.#dropIfEmpty(from);
  }

  onRemove(entry: E): void {
    const group = groupOf(entry);
    group.entries.unlink(entry);
    entry.group = undefined;
    this.#dropIfEmpty(group);
  }

  victim(spared?: E): E | undefined {
    const rarest = this.#rarest;
    // Only one entry is spared, so the second group is needed only when the first holds nothing else.
    return rarest?.entries.oldestExcept(spared) ?? rarest?.higher?.entries.oldest;
  }

  /** Adds the entry to the group of this frequency, whose place is right behind `lower`. */
  #join(entry: E, frequency: number, lower: EntryGroup<E> | undefined): void {
    const next = lower === undefined ? this.#rarest : lower.higher;
    const group = next?.rank === frequency ? next : this.#insertGroup(frequency, lower, next);
    group.entries.append(entry);
    entry.group = group;
  }

  #insertGroup(
    rank: number,
    lower: EntryGroup<E> | undefined,
    higher: EntryGroup<E> | undefined,
  ): EntryGroup<E> {
    const group: EntryGroup<E> = { rank, entries: new EntryList(), lower, higher };
    if (lower === undefined) this.#rarest = group;
    else lower.higher = group;
    if (higher !== undefined) higher.lower = group;
    return group;
  }

  #dropIfEmpty(group: EntryGroup<E>): void {
    if (!group.entries.isEmpty) return;
    const { lower, higher } = group;
    if (lower === undefined) this.#rarest = higher;
    else lower.higher = higher;
    if (higher !== undefined) higher.lower = lower;
  }
}

function groupOf<E extends EvictionLinks<E>>(entry: E): EntryGroup<E> {
  if (entry.group === undefined) throw new Error("the policy does not track this entry");
  return entry.group;
}
