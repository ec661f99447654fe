/** PNGs whose pixels are object ids. A canvas cannot read them: it knows colours only. */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GRAY = 0;
const INDEXED = 3;

/** @returns {Promise<Blob>} an 8-bit grayscale PNG whose values are the labels */
export async function encodeLabels({ width, height, data }) {
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++)
    rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, GRAY, 0, 0, 0], 8);
  const packed = await through(rows, new CompressionStream("deflate"));
  const parts = [
    new Uint8Array(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", packed),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob(parts, { type: "image/png" });
}

/**
 * @param {ArrayBuffer} buffer an indexed or grayscale PNG
 * @returns {Promise<{width: number, height: number, data: Uint8Array}>} indices or gray values as
 *   ids; black and white alone are one object, 1
 */
export async function decodeLabels(buffer) {
  const bytes = new Uint8Array(buffer);
  if (SIGNATURE.some((value, i) => bytes[i] !== value))
    throw new Error("Expected a PNG with one object id per pixel, got another kind of file.");
  const view = new DataView(buffer);
  const packed = [];
  let header = null;
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IHDR") header = readHeader(view, at + 8);
    if (type === "IDAT") packed.push(bytes.subarray(at + 8, at + 8 + length));
    if (type === "IEND") break;
    at += 12 + length;
  }
  if (!header || !packed.length) throw new Error("The PNG is damaged.");
  const { width, height, depth, type } = header;
  const raw = await through(new Blob(packed), new DecompressionStream("deflate"));
  const stride = Math.ceil((width * depth) / 8);
  if (raw.length < (stride + 1) * height) throw new Error("The PNG is damaged.");
  const rows = unfilter(raw, stride, height, Math.max(1, depth / 8));
  const data = unpack(rows, width, height, stride, depth);
  return { width, height, data: type === GRAY ? wholeObject(data, depth) : data };
}

function readHeader(view, at) {
  const [width, height] = [view.getUint32(at), view.getUint32(at + 4)];
  const [depth, type, , , interlace] = new Uint8Array(view.buffer, at + 8, 5);
  if (type !== GRAY && type !== INDEXED)
    throw new Error(
      "Expected a PNG with one object id per pixel (indexed or grayscale), got one with colours.",
    );
  if (interlace) throw new Error("Expected a PNG that is not interlaced.");
  return { width, height, depth, type };
}

async function through(data, transform) {
  const stream = new Blob([data]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Undo the prediction of each row; returns rows without their filter bytes. */
function unfilter(raw, stride, height, step) {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    const source = y * (stride + 1) + 1;
    const target = y * stride;
    for (let x = 0; x < stride; x++) {
      const left = x >= step ? out[target + x - step] : 0;
      const up = y ? out[target + x - stride] : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else if (filter === 4)
        guess = paeth(left, up, y && x >= step ? out[target + x - stride - step] : 0);
      out[target + x] = raw[source + x] + guess;
    }
  }
  return out;
}

function paeth(left, up, corner) {
  const [a, b, c] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function unpack(rows, width, height, stride, depth) {
  if (depth === 8) return rows;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (depth === 16) {
        const high = rows[y * stride + 2 * x];
        data[y * width + x] = high ? 255 : rows[y * stride + 2 * x + 1];
      } else {
        const bit = x * depth;
        data[y * width + x] =
          (rows[y * stride + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
      }
    }
  }
  return data;
}

/** Black and white mean one object. */
function wholeObject(data, depth) {
  const white = Math.min(255, 2 ** depth - 1);
  if (!data.every((value) => value === 0 || value === white)) return data;
  return data.map((value) => (value ? 1 : 0));
}

function chunk(type, data) {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(
    [...type].map((letter) => letter.charCodeAt(0)),
    4,
  );
  out.set(data, 8);
  view.setUint32(8 + data.length, crc(out.subarray(4, 8 + data.length)));
  return out;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
