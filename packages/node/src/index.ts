export { CacheNode, type NodeEnvironment, type NodeReadyInfo } from "./cache-node.js";
export { Journal, type JournalOptions } from "./journal/journal.js";
export { type NodeOptions, nodeOptions } from "./options.js";
