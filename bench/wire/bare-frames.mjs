/** Messages over a stream of bytes: each behind its length, in four bytes. It is the least that any transport does. */

const HEAD_BYTES = 4;

/** Writes a message; calls back when the stream has taken it. Returns whether there is room for more. */
export function writeFrame(stream, message, taken) {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(message.length);
  stream.cork();
  stream.write(head);
  const hasRoom = stream.write(message, taken);
  process.nextTick(() => stream.uncork());
  return hasRoom;
}

/** Calls back with each message that comes. */
export function readFrames(stream, onMessage) {
  let waiting = [];
  let length = 0;
  let wanted = HEAD_BYTES;
  stream.on("data", (chunk) => {
    waiting.push(chunk);
    length += chunk.length;
    if (length < wanted) return;
    let bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    for (;;) {
      wanted = bytes.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + bytes.readUInt32LE();
      if (bytes.length < wanted) break;
      onMessage(bytes.subarray(HEAD_BYTES, wanted));
      bytes = bytes.subarray(wanted);
    }
    waiting = bytes.length === 0 ? [] : [bytes];
    length = bytes.length;
  });
}
