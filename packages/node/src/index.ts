export { CacheNode, type NodeEnvironment, type NodeReadyInfo } from "./cache-node.js";
export { type NodeOptions, nodeOptions } from "./options.js";
