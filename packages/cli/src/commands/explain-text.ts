/** What `holdfast explain` tells people: one line for each place where a key may be. */
import { compressionNameOf, type Explanation__Output } from "@holdfast/proto";
import type { KeyPlacement } from "./explain.js";
import { describeLetter, describeSize, toLetterJson } from "./letters-text.js";

type Cached = NonNullable<Explanation__Output["cached"]>;
type Dirty = NonNullable<Explanation__Output["dirty"]>;

/** @param explanation - `undefined`: the owner tells nothing. */
export function describeExplanation(
  placement: KeyPlacement,
  explanation: Explanation__Output | undefined,
): string {
  const rows = [...describePlacement(placement)];
  if (explanation !== undefined) rows.push(...describeOwner(placement, explanation));
  return rows.map(([name, text]) => `${name.padEnd(10)}${text}`).join("\n");
}

type Line = readonly [name: string, text: string];

function describePlacement(placement: KeyPlacement): readonly Line[] {
  const { cache, key, partition, partitions, epoch, term, owner, backups, moveTo } = placement;
  const lines: Line[] = [
    ["key", `${cache} ${JSON.stringify(key)}`],
    ["partition", `${partition} of ${partitions}, term ${term}, epoch ${epoch}`],
    ["owner", owner === undefined ? "nobody" : `${owner.nodeId} (${owner.incarnation})`],
  ];
  const named = backups.map(({ nodeId, inSync }) => `${nodeId} ${inSync ? "" : "not "}in sync`);
  lines.push(["backups", named.length === 0 ? "none" : named.join(", ")]);
  if (moveTo !== undefined) lines.push(["moves to", moveTo.nodeId]);
  if (placement.recoverFrom.length > 0) {
    lines.push(["recovers", `from the journals of ${placement.recoverFrom.join(", ")}`]);
  }
  return lines;
}

function describeOwner(placement: KeyPlacement, explanation: Explanation__Output): readonly Line[] {
  const { pattern, unresolved, cached, dirty, rowProblem, deadLetters } = explanation;
  const lines: Line[] = [
    ["pattern", pattern],
    ["cached", cached ? describeCached(cached) : "no"],
    ["dirty", dirty ? describeDirty(dirty, placement) : "no"],
  ];
  if (unresolved) lines.push(["pending", "a write whose outcome is being found out"]);
  if (rowProblem !== "") lines.push(["row", `not known: ${rowProblem}`]);
  else lines.push(["row", describeRow(explanation)]);
  for (const letter of deadLetters) lines.push(["letter", describeLetter(toLetterJson(letter))]);
  return lines;
}

function describeCached(cached: Cached): string {
  const { version, absence, valueBytes, encoding, ageMs, ttlLeftMs, idleLeftMs } = cached;
  const { stale, unpersisted } = cached;
  const absent = unpersisted ? "a deletion" : "that there is no such row";
  const what = absence ? absent : describeSize(valueBytes, compressionNameOf(encoding));
  const end = ttlLeftMs === undefined ? "no expiry" : `expires in ${seconds(ttlLeftMs)}`;
  const idle = idleLeftMs === undefined ? "" : `, unused in ${seconds(idleLeftMs)}`;
  const note = unpersisted ? "; the database refuses it" : "";
  const age = `${seconds(ageMs)} old${stale ? " and stale" : ""}`;
  return `version ${version}, ${what}, ${age}, ${end}${idle}${note}`;
}

function describeDirty(dirty: Dirty, { backups }: KeyPlacement): string {
  const places = [
    ...(dirty.journal === undefined ? [] : [`${dirty.journal ? "" : "not yet "}in the journal`]),
    ...dirty.backups.map(({ incarnation, hasEverything, inSync }) => {
      const known = backups.find((backup) => backup.incarnation === incarnation);
      const copy = hasEverything ? "on" : "on its way to";
      return `${copy} ${known?.nodeId ?? incarnation}${inSync ? "" : " (not in sync)"}`;
    }),
  ];
  return [
    `version ${dirty.version}${dirty.deletion ? ", a deletion" : ""}, ${seconds(dirty.ageMs)} old`,
    places.length === 0 ? "in memory alone" : places.join(", "),
    ...(dirty.uncommitted ? ["not committed yet"] : []),
    ...(dirty.replayed ? ["from a former owner"] : []),
  ].join("; ");
}

function describeRow({ row }: Explanation__Output): string {
  if (!row) return "the cache has no source";
  const { state, version, expiresAtMs, updatedAtMs } = row;
  if (state === "ABSENT" && version === 0) return "absent, and nothing is known of the key";
  return [
    `${state.toLowerCase()}, version ${version}`,
    ...(expiresAtMs === undefined ? [] : [`expires ${new Date(expiresAtMs).toISOString()}`]),
    ...(updatedAtMs === undefined
      ? ["never written by Holdfast"]
      : [`written ${new Date(updatedAtMs).toISOString()}`]),
  ].join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
