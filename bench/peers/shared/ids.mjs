/** The product's global ids (TypeID): a prefix and a UUID in Crockford's base 32. Written for speed, so that ids favor nobody. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

const valueOfDigit = new Uint8Array(128);
for (let value = 0; value < 16; value += 1) valueOfDigit[value.toString(16).charCodeAt(0)] = value;

export function encodeId(prefix, uuid) {
  let text = `${prefix}_`;
  // 130 bits, the first two of them zero: of what is read so far, `held` bits are not written yet.
  let bits = 0;
  let held = 2;
  for (let at = 0; at < 36; at += 1) {
    const code = uuid.charCodeAt(at);
    if (code === 45) continue;
    bits = ((bits << 4) | valueOfDigit[code]) & 0x1ff;
    held += 4;
    if (held < 5) continue;
    held -= 5;
    text += alphabet[(bits >> held) & 31];
  }
  return text;
}

export function decodeId(id) {
  const digits = id.slice(id.lastIndexOf('_') + 1);
  let value = 0n;
  for (const digit of digits) value = (value << 5n) | BigInt(alphabet.indexOf(digit));
  return value
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
