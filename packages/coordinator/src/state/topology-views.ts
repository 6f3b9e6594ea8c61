/**
 * The topology in the form in which watchers get it, made once for each change and shared by all of
 * them.
 */
import type { Component } from "@holdfast/core";
import type { TopologyViews } from "@holdfast/process";
import { type TopologyView, topologyToMessage } from "@holdfast/proto";
import type { ClusterState, RegistryView } from "./registry-view.js";

export class CoordinatorTopologyViews implements TopologyViews, Component {
  readonly name = "topology views";
  readonly #view: RegistryView;
  readonly #listeners = new Set<() => void>();
  #unsubscribe: () => void = () => {};
  #current: TopologyView | undefined;
  /** What the current view was made of. */
  #source: ClusterState | undefined;

  constructor(view: RegistryView) {
    this.#view = view;
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#view.onChange(() => this.#update());
    this.#update();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
  }

  /** Undefined until the cluster has a topology. */
  current(): TopologyView | undefined {
    return this.#current;
  }

  onChange(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  #update(): void {
    const state = this.#view.state;
    if (state?.config === undefined || state.topology === undefined) return;
    const before = this.#source;
    const isSame =
      before?.config === state.config &&
      before.topology === state.topology &&
      before.coordinator?.value.address === state.coordinator?.value.address;
    if (isSame) return;
    this.#source = state;
    this.#current = {
      config: state.config.value,
      topology: topologyToMessage(state.topology.value),
      coordinatorAddress: state.coordinator?.value.address ?? "",
    };
    for (const listener of [...this.#listeners]) listener();
  }
}
