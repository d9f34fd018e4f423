/** The product's global ids (TypeID): a prefix and a UUID in Crockford's base 32. Written for speed, so that ids favor nobody. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

export function encodeId(prefix, uuid) {
  const hex = uuid.replaceAll('-', '');
  let text = `${prefix}_`;
  // 130 bits, two of them zero before the UUID: of 26 digits of five bits, the first begins at bit -2.
  for (let bit = -2; bit < 128; bit += 5) text += alphabet[fiveBits(hex, bit)];
  return text;
}

function fiveBits(hex, bit) {
  const digit = bit >> 2;
  const high = digit < 0 ? 0 : Number.parseInt(hex[digit], 16);
  const low = digit + 1 > 31 ? 0 : Number.parseInt(hex[digit + 1], 16);
  return (((high << 4) | low) >> (3 - (bit & 3))) & 31;
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
