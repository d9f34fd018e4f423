/** What must stay secret in one run of the product, and where it is looked for, however it is written. */
import { secretPrefixes } from '../../../src/auth/secrets.ts';

export interface Secret {
  /** What it is, and where it was first seen. */
  readonly name: string;
  readonly value: string;
  /** The only address or number that a message may carry it to. */
  readonly messagedTo?: string;
}

/** A text in which no secret may be, and what it is called when one is. */
export interface Place {
  readonly name: string;
  readonly text: string;
}

const prefix = Object.values(secretPrefixes).join('|');
/** What this server issues: opaque secrets, and tokens that are signed or encrypted. */
const issuedForm = new RegExp(
  `(?:${prefix})[\\w-]{43}[0-9A-Za-z]{6}|eyJ[\\w-]{10,}\\.[\\w-]*\\.[\\w-]+(?:\\.[\\w-]+)*`,
  'g',
);

export const issuedIn = (text: string): string[] => text.match(issuedForm) ?? [];

/** Values that are short enough to occur by chance are looked for as whole words alone. */
const longestWord = 6;

export class SecretRegistry {
  readonly #secrets = new Map<string, Secret>();

  /** Answers with the value, so that it can be registered where it is made. */
  add(name: string, value: string, options: Pick<Secret, 'messagedTo'> = {}): string {
    if (value.length < longestWord) throw new Error(`too short to look for: ${name}`);
    if (!this.#secrets.has(value)) this.#secrets.set(value, { name, value, ...options });
    return value;
  }

  get all(): readonly Secret[] {
    return [...this.#secrets.values()];
  }

  /** Which secrets are where, one line each, with what stands around; none of the lines repeats a secret. */
  leaksIn(places: readonly Place[], isAllowed: (secret: Secret, place: Place) => boolean = () => false) {
    const whole = places.map(({ text }) => text.toLowerCase()).join('\n');
    const suspects = this.all.filter((secret) => findIn(secret, whole) !== null);
    const leaks = new Map<string, string>();
    for (const place of places) {
      const text = place.text.toLowerCase();
      for (const secret of suspects) {
        const found = isAllowed(secret, place) ? null : findIn(secret, text);
        if (found !== null) leaks.set(`${secret.name} (${found.form}) in ${place.name}`, around(text, found));
      }
    }
    return [...leaks].map((leak) => leak.join(': ')).sort();
  }
}

interface Found {
  /** How the secret is written. */
  readonly form: string;
  readonly start: number;
  readonly end: number;
}

const around = (text: string, { start, end }: Found) =>
  `${text.slice(Math.max(0, start - 60), start)}•••${text.slice(end, end + 30)}`;

/** Where a lower-cased text has a secret in it, in any of the ways in which it can be written. */
function findIn({ value }: Secret, text: string): Found | null {
  if (value.length <= longestWord) {
    const start = text.search(new RegExp(`(?<![0-9a-f.])${value}(?![0-9a-f])`));
    return start < 0 ? null : { form: 'as it is', start, end: start + value.length };
  }
  for (const [form, written] of writingsOf(value)) {
    const start = text.indexOf(written);
    if (start >= 0) return { form, start, end: start + written.length };
  }
  return null;
}

const known = new Map<string, readonly (readonly [form: string, written: string])[]>();

function writingsOf(value: string) {
  const writings = known.get(value) ?? allWritings(value);
  known.set(value, writings);
  return writings;
}

function allWritings(value: string): readonly (readonly [form: string, written: string])[] {
  const bytes = Buffer.from(value);
  const random = randomPartOf(value);
  const escaped = [
    ['URL-encoded', encodeURIComponent(value)],
    ['form-encoded', new URLSearchParams({ value }).toString().slice('value='.length)],
    ['as JSON', JSON.stringify(value).slice(1, -1)],
    ['as JSON in JSON', JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1)],
    ['as HTML', value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')],
    ['without hyphens', value.replaceAll('-', '')],
  ].filter(([, written]) => written !== value);
  return [
    ['as it is', value],
    ...escaped,
    ['its random part', random],
    ['its random bits in hexadecimal', Buffer.from(random, 'base64url').toString('hex')],
    ['in hexadecimal', bytes.toString('hex')],
    ...base64Of(bytes),
  ]
    .filter(([, written = '']) => written.length > longestWord)
    .map(([form = '', written = '']) => [form, written.toLowerCase()] as const);
}

/** The part that cannot be guessed: the bits of an opaque secret, the signature of a token. */
function randomPartOf(value: string): string {
  const opaque = new RegExp(`^(?:${prefix})([\\w-]{43})`).exec(value)?.[1];
  return opaque ?? (value.startsWith('eyJ') ? value.slice(value.lastIndexOf('.') + 1) : value);
}

/** Base64 of a text that the bytes are somewhere in: three ways, by where they begin. */
function base64Of(bytes: Buffer): [string, string][] {
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const inner = encoded.slice(
      shift === 0 ? 0 : shift + 1,
      (shift + bytes.length) % 3 === 0 ? undefined : -1,
    );
    return [
      [`in base64, shifted by ${shift}`, inner],
      [`in base64url, shifted by ${shift}`, inner.replaceAll('+', '-').replaceAll('/', '_')],
    ];
  });
}
