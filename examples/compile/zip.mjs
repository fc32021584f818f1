// A zip archive of stored files (APPNOTE.TXT 4.3; no compression: wasm and weights hardly shrink), below 4 GB.
const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; ++bit) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Little-endian numbers of [bytes, value]. */
function fields(...list) {
  const view = new DataView(new ArrayBuffer(list.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of list) {
    if (bytes === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

const UTF8 = 1 << 11, VERSION = 20, NO_TIME = 0, NO_DATE = 0x21; // 1980-01-01

/** `files`: name -> Blob. */
export async function zip(files) {
  const parts = [], directory = [];
  let offset = 0, directoryBytes = 0;
  for (const [name, blob] of files) {
    const label = new TextEncoder().encode(name);
    const common = fields([2, VERSION], [2, UTF8], [2, 0], [2, NO_TIME], [2, NO_DATE], [4, crc32(new Uint8Array(await blob.arrayBuffer()))], [4, blob.size], [4, blob.size], [2, label.length], [2, 0]);
    parts.push(fields([4, 0x04034b50]), common, label, blob);
    directory.push(fields([4, 0x02014b50], [2, VERSION]), common, fields([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), label);
    offset += 4 + common.length + label.length + blob.size;
    directoryBytes += 6 + common.length + 14 + label.length;
  }
  const count = files.size;
  return new Blob([...parts, ...directory, fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, directoryBytes], [4, offset], [2, 0])], { type: "application/zip" });
}
