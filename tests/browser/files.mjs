// Files for the tests, made of nothing: a picture, a sound; and what is in an archive.
import { crc32, deflateSync, inflateRawSync } from 'node:zlib';

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, sum]);
}

/** A picture (PNG) of four fields, a quarter of them dark. */
export function png(width, height) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Eight bits of grey.
  head[8] = 8;
  const rows = Array.from({ length: height }, (_, y) => Buffer.from([0, ...Array.from({ length: width }, (_, x) => (x < width / 2 && y < height / 2 ? 64 : 224))]));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))]);
}

/** A second of a tone (WAV), eight bits. */
export function wav(hertz, rate) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + rate, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(rate, 40);
  return Buffer.concat([head, Buffer.from(Array.from({ length: rate }, (_, n) => Math.round(128 + 100 * Math.sin((2 * Math.PI * hertz * n) / rate))))]);
}

/** The texts in a ZIP archive by their names, as its directory tells. */
export function entriesOf(archive) {
  const entries = new Map();
  let directory = archive.readUInt32LE(archive.lastIndexOf('PK\x05\x06', undefined, 'latin1') + 16);
  while (archive.readUInt32LE(directory) === 0x02014b50) {
    const [how, size, named, extra, said] = [archive.readUInt16LE(directory + 10), archive.readUInt32LE(directory + 20), archive.readUInt16LE(directory + 28), archive.readUInt16LE(directory + 30), archive.readUInt16LE(directory + 32)];
    const local = archive.readUInt32LE(directory + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const packed = archive.subarray(start, start + size);
    entries.set(archive.toString('utf8', directory + 46, directory + 46 + named), (how === 0 ? packed : inflateRawSync(packed)).toString('utf8'));
    directory += 46 + named + extra + said;
  }
  return entries;
}
