/** Path of an etcd binary, fetched when there is none. Rejects with how to install it. */
export function ensureEtcd(): Promise<string>;
