/** The codes that people copy from a device's screen (RFC 8628, section 6.1): consonants alone spell no words. */
import type { Context } from '../../context.ts';

const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const size = 8;

/** A code in two groups: 34.5 bits, which nobody guesses in the ten minutes that it lasts. */
export function makeUserCode(randomBytes: Context['randomBytes']): string {
  let code = '';
  const fair = 256 - (256 % letters.length); // a byte beyond would favor the first letters
  while (code.length < size) {
    for (const byte of randomBytes(size))
      if (byte < fair && code.length < size) code += letters.charAt(byte % letters.length);
  }
  return inGroups(code);
}

/** A code as it is shown, from however it was typed; null for what cannot be one. */
export function readUserCode(text: string): string | null {
  const typed = text.toUpperCase().replaceAll(/[^A-Z]/g, '');
  return typed.length === size && [...typed].every((letter) => letters.includes(letter))
    ? inGroups(typed)
    : null;
}

const inGroups = (code: string) => `${code.slice(0, size / 2)}-${code.slice(size / 2)}`;

/** What is kept of a code: too short for a plain hash, which could be searched through. */
export function hashUserCode({ sealing }: Pick<Context, 'sealing'>, code: string): Uint8Array<ArrayBuffer> {
  return sealing.mac('code', `device:${code}`);
}
