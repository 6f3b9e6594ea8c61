export { MemoryRegistry } from "./registry/memory-registry.js";
