/** Compacts the history of an etcd, which the registry client has no use for. */
import { credentials, makeClientConstructor } from "@grpc/grpc-js";

const Client = makeClientConstructor(
  {
    compact: {
      path: "/etcdserverpb.KV/Compact",
      requestStream: false,
      responseStream: false,
      requestSerialize: encodeRevision,
      requestDeserialize: () => 0,
      responseSerialize: () => Buffer.alloc(0),
      responseDeserialize: () => undefined,
    },
  },
  "KV",
);

/** Forgets every change before `revision`. */
export async function compact(endpoint: string, revision: number): Promise<void> {
  const client = new Client(endpoint.replace("http://", ""), credentials.createInsecure());
  try {
    await new Promise<void>((resolve, reject) => {
      client.compact?.(revision, { deadline: Date.now() + 5_000 }, (error: Error | null) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  } finally {
    client.close();
  }
}

/** A protobuf message whose only field is number 1, a varint. */
function encodeRevision(revision: number): Buffer {
  const bytes = [0x08];
  let rest = revision;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
