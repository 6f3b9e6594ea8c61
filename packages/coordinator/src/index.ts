export { Coordinator, type CoordinatorEnvironment } from "./coordinator.js";
export {
  type CoordinatorOptions,
  coordinatorOptionsSchema,
  type ListenSettings,
  loadCoordinatorOptions,
} from "./options.js";
