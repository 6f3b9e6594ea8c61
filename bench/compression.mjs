/**
 * Measures what compressing values costs and saves, on generated product documents as JSON: the share
 * of the bytes that is left, and the processor time for each value, there and back. The defaults of the
 * SDK (which algorithm, from which size, from where on a thread of the pool) come from here.
 *
 * `compress` and `decompress` compute on the spot. `pooled` is what compressing takes of the event loop's
 * thread when Node's pool computes; Node.js from 23.9 on can tell it. Beside them stands what it takes
 * to make JSON of the documents, and to parse it. Algorithms take turns, and the median of the rounds
 * counts.
 *
 * Run: node bench/compression.mjs [--json] [--rounds 7]
 */
import { parseArgs, promisify } from "node:util";
import zlib from "node:zlib";
import { randomOf } from "./load.mjs";

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "7" } },
});
const ROUNDS = Number(options.rounds);
const SIZES = [1, 2, 4, 16, 64, 256, 1024].map((kibibytes) => kibibytes * 1024);
/** Different documents of a size, so that no prediction of a branch learns one by heart. */
const DOCUMENTS = 16;
/** Each measurement goes over about so many bytes: processor time is counted coarsely. */
const BYTES_PER_ROUND = 8 * 1024 * 1024;
/** As the SDK does it. */
const POOLED_AT_ONCE = 2;

const WORDS = words(3_000);
const { constants } = zlib;

/** The sizes of output buffers, as in proto/src/compression.ts. */
const halved = ({ length }) => ({ chunkSize: Math.min(Math.max(length >> 1, 64), 256 * 1024) });
const tripled = ({ length }) => ({
  chunkSize: Math.min(Math.max(length * 3, 1_024), 1024 * 1024),
  maxOutputLength: 4 * 1024 * 1024,
});

const gzip = (level) => ({
  name: `gzip ${level}`,
  compress: (plain) => zlib.gzipSync(plain, { level, ...halved(plain) }),
  decompress: (packed) => zlib.gunzipSync(packed, tripled(packed)),
  compressOnPool: (plain) => promisify(zlib.gzip)(plain, { level, ...halved(plain) }),
});

const deflateRaw = (level) => ({
  name: `deflate-raw ${level}`,
  compress: (plain) => zlib.deflateRawSync(plain, { level, ...halved(plain) }),
  decompress: (packed) => zlib.inflateRawSync(packed, tripled(packed)),
  compressOnPool: (plain) => promisify(zlib.deflateRaw)(plain, { level, ...halved(plain) }),
});

const brotli = (level) => {
  const optionsFor = (plain) => ({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: level,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
    ...halved(plain),
  });
  return {
    name: `brotli ${level}`,
    compress: (plain) => zlib.brotliCompressSync(plain, optionsFor(plain)),
    decompress: (packed) => zlib.brotliDecompressSync(packed, tripled(packed)),
    compressOnPool: (plain) => promisify(zlib.brotliCompress)(plain, optionsFor(plain)),
  };
};

const zstd = (level) => {
  const optionsFor = (plain) => ({
    pledgedSrcSize: plain.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    ...halved(plain),
  });
  return {
    name: `zstd ${level}`,
    compress: (plain) => zlib.zstdCompressSync(plain, optionsFor(plain)),
    decompress: (packed) => zlib.zstdDecompressSync(packed, tripled(packed)),
    compressOnPool: (plain) => promisify(zlib.zstdCompress)(plain, optionsFor(plain)),
  };
};

const ALGORITHMS = [
  gzip(1),
  gzip(6),
  deflateRaw(1),
  brotli(1),
  brotli(2),
  brotli(4),
  ...(zlib.zstdCompressSync === undefined ? [] : [zstd(1), zstd(3)]),
];

const results = [];
for (const bytes of SIZES) results.push(...(await measureSize(bytes)));
if (options.json) {
  const machine = { node: process.version, arch: process.arch, rounds: ROUNDS };
  process.stdout.write(`${JSON.stringify({ bench: "compression", machine, alone: results })}\n`);
} else {
  print(results);
}

async function measureSize(bytes) {
  const documents = Array.from({ length: DOCUMENTS }, (_, number) => product(number, bytes));
  const plain = documents.map((document) => Buffer.from(JSON.stringify(document)));
  const contestants = [
    {
      name: "JSON alone",
      left: 1,
      compress: (_, index) => Buffer.from(JSON.stringify(documents[index])),
      decompress: (_, index) => JSON.parse(plain[index].toString()),
      packed: plain,
    },
    ...ALGORITHMS.map((algorithm) => {
      const packed = plain.map((value) => algorithm.compress(value));
      return { ...algorithm, packed, left: sum(packed) / sum(plain) };
    }),
  ];
  const count = repeatsFor(bytes);
  const times = new Map(contestants.map(({ name }) => [name, { in: [], out: [], pooled: [] }]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { name, compress, decompress, compressOnPool, packed } of contestants) {
      const measured = times.get(name);
      const compressed = microseconds(count, (index) => compress(plain[index], index));
      const decompressed = microseconds(count, (index) => decompress(packed[index], index));
      const pooled = await pooledMicroseconds(plain, compressOnPool);
      // The first round warms up.
      if (round === 0) continue;
      measured.in.push(compressed);
      measured.out.push(decompressed);
      if (pooled !== undefined) measured.pooled.push(pooled);
    }
  }
  return contestants.map(({ name, left }) => {
    const measured = times.get(name);
    return {
      bytes,
      algorithm: name,
      left: Number(left.toFixed(3)),
      compressMicros: median(measured.in),
      decompressMicros: median(measured.out),
      ...(measured.pooled.length > 0 && { pooledMicros: median(measured.pooled) }),
    };
  });
}

function microseconds(count, act) {
  const before = process.cpuUsage();
  for (let number = 0; number < count; number++) act(number % DOCUMENTS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** Processor time of this thread for each value, while the pool computes. */
async function pooledMicroseconds(plain, compress) {
  if (compress === undefined || process.threadCpuUsage === undefined) return undefined;
  const count = repeatsFor(plain[0].length);
  const before = process.threadCpuUsage();
  let next = 0;
  const worker = async () => {
    while (next < count) await compress(plain[next++ % DOCUMENTS]);
  };
  await Promise.all(Array.from({ length: POOLED_AT_ONCE }, worker));
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / count;
}

function repeatsFor(bytes) {
  return Math.max(DOCUMENTS, Math.round(BYTES_PER_ROUND / bytes));
}

/** A document of about so many bytes: numbers and flags, lists of variants, texts, reviews. */
function product(number, bytes) {
  const random = randomOf(number * 7919 + bytes);
  const text = (length) =>
    Array.from({ length }, () => WORDS[Math.floor(random() ** 2 * WORDS.length)]).join(" ");
  const id = () => Math.floor(random() * 2 ** 48).toString(16);
  const document = {
    id: number,
    sku: id(),
    name: text(4),
    price: { amount: Math.round(random() * 100_000) / 100, currency: "EUR" },
    stock: Math.floor(random() * 500),
    isActive: random() > 0.1,
    updatedAt: new Date(1.7e12 + Math.floor(random() * 1e10)).toISOString(),
    description: text(40),
    variants: [],
    reviews: [],
  };
  for (let size = JSON.stringify(document).length; size < bytes; ) {
    const isVariant = random() < 0.6;
    const item = isVariant
      ? {
          sku: id(),
          colour: text(1),
          size: ["S", "M", "L", "XL"][Math.floor(random() * 4)],
          stock: Math.floor(random() * 500),
          price: Math.round(random() * 100_000) / 100,
        }
      : { author: text(2), stars: 1 + Math.floor(random() * 5), text: text(15 + random() * 40) };
    document[isVariant ? "variants" : "reviews"].push(item);
    size += JSON.stringify(item).length + 1;
  }
  return document;
}

/** Words of letters as frequent as in a language, two to twelve long. */
function words(count) {
  const random = randomOf(42);
  const letters = "eeeeeeetttttaaaaaooooiiiinnnnsssshhhrrrdddlllcccuummwwffggyyppbbvvkjxqz";
  const word = () => {
    const length = 2 + Math.floor(random() * 11);
    return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join("");
  };
  return Array.from({ length: count }, word);
}

function sum(buffers) {
  return buffers.reduce((total, { length }) => total + length, 0);
}

function median(numbers) {
  const middle = numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
  return Number(middle.toFixed(1));
}

function print(rows) {
  process.stdout.write(
    `Node ${process.version}, medians of ${ROUNDS} rounds, µs of processor time per value\n`,
  );
  let bytes = 0;
  for (const row of rows) {
    if (row.bytes !== bytes) {
      bytes = row.bytes;
      const title = `${bytes / 1024} KiB`.padEnd(16);
      process.stdout.write(`\n${title}left  compress  decompress  pooled\n`);
    }
    const cells = [
      row.algorithm.padEnd(14),
      `${Math.round(row.left * 100)} %`.padStart(6),
      row.compressMicros.toFixed(0).padStart(10),
      row.decompressMicros.toFixed(0).padStart(12),
      (row.pooledMicros?.toFixed(0) ?? "").padStart(8),
    ];
    process.stdout.write(`${cells.join("").trimEnd()}\n`);
  }
}
