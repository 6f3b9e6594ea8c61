export { MemoryRegistry } from "./testing/memory-registry.js";
