/** The operator's calls to one node. */
import { CacheError, type Clock, delay } from "@holdfast/core";
import { type DrainProgress, type NodeAdminHandlers, toStatusObject } from "@holdfast/proto";

/** What this layer needs from the node. */
export interface NodeAdminBackend {
  readonly nodeId: string;
  readonly drain: { readonly progress: DrainProgress; run(): Promise<void> };
  /** Called when somebody asked for the drain and it is over: the node is to leave. */
  readonly onDrained: () => void;
}

/** How often a caller is told how far it is. */
const PROGRESS_MS = 100;

export function createNodeAdminService(
  { nodeId, drain, onDrained }: NodeAdminBackend,
  clock: Clock,
): NodeAdminHandlers {
  return {
    Drain(call) {
      if (call.request.nodeId !== nodeId) {
        const problem = `this is node "${nodeId}", not "${call.request.nodeId}"; nothing was done`;
        call.emit("error", toStatusObject(new CacheError("INVALID_ARGUMENT", problem)));
        return;
      }
      const gone = new AbortController();
      call.on("cancelled", () => gone.abort(new Error("the caller has gone")));
      const drained = drain.run();
      const tell = async () => {
        while (!gone.signal.aborted) {
          call.write(drain.progress);
          await delay(clock, PROGRESS_MS, gone.signal);
        }
      };
      // Whoever has gone hears no more; the drain goes on.
      tell().catch(() => {});
      const finish = () => {
        const isHeard = !gone.signal.aborted;
        gone.abort(new Error("done"));
        if (isHeard) {
          call.write({ ...drain.progress, done: true });
          call.end();
        }
        onDrained();
      };
      drained.then(finish, (error: unknown) => {
        call.emit("error", toStatusObject(error));
        onDrained();
      });
    },
  };
}
