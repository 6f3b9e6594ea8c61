/** Sends what this process connects to through the network on that port, under this name. */
export function connectThrough(networkPort: number, name: string): void;
