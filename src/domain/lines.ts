/** The lines of a text in UTF-8, one by one: the text as a whole is held as bytes alone. */

export interface Line {
  /** Counted from 1, the blank ones too, as an editor shows it. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

const lineFeed = 0x0a;
const blanks = new Set([0x09, 0x0d, 0x20]);

/** Every line but the blank ones. The last one need not be ended. */
export function* linesOf(text: Uint8Array): Generator<Line> {
  for (let start = 0, number = 1; start < text.byteLength; number += 1) {
    const found = text.indexOf(lineFeed, start);
    const end = found === -1 ? text.byteLength : found;
    const bytes = text.subarray(start, end);
    if (!bytes.every((byte) => blanks.has(byte))) yield { number, bytes };
    start = end + 1;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of a line; null for what is no UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
