/** Everything that an update can set, with what it may be. */
import type { InputProblemCode } from '../generated/graphql.ts';

export interface FieldCase {
  /** A good value (for this input, where no two accounts may have it), and how reading shows it when that differs. */
  readonly value: NonNullable<unknown> | ((input: string) => string);
  readonly shown?: unknown;
  /** What null is: a way to clear, or a problem. */
  readonly null: 'clears' | 'REQUIRED';
  readonly bad: readonly (readonly [why: string, value: unknown, code: InputProblemCode])[];
}

const nested = (levels: number): object => (levels === 1 ? {} : { deeper: nested(levels - 1) });

/** What no text may hold. */
const unstorable = [
  ['U+0000', 'a\u0000b', 'INVALID'],
  ['an unpaired surrogate', 'a\ud800b', 'INVALID'],
  ['a control character', 'a\u0007b', 'INVALID'],
] as const;

const shortText = {
  value: '😀'.repeat(50), // characters as people count them, not UTF-16 units
  null: 'clears',
  bad: [
    ['an empty text', '', 'TOO_SHORT'],
    ['51 characters', 'x'.repeat(51), 'TOO_LONG'],
    ['51 emoji', '😀'.repeat(51), 'TOO_LONG'],
    ['a blank text', ' \u00a0\u3000', 'INVALID'],
    ['a line break', 'a\nb', 'INVALID'],
    ...unstorable,
  ],
} as const satisfies FieldCase;

export const fieldCases: Record<string, FieldCase> = {
  name: shortText,
  firstName: shortText,
  lastName: shortText,
  company: shortText,
  jobTitle: shortText,
  bio: {
    value: `Two lines\r\nand\ta tab, ${'ž'.repeat(977)}`,
    null: 'clears',
    bad: [['1,001 emoji', '😀'.repeat(1001), 'TOO_LONG'], ...unstorable],
  },
  avatarUrl: {
    value: 'http://after.example.com/a?b=c#d',
    null: 'clears',
    bad: [
      ['an empty text', '', 'INVALID'],
      ['a path', '/picture.png', 'INVALID'],
      ['a javascript: URL', 'javascript:alert(1)', 'INVALID'],
      ['a data: URL', 'data:text/html,<script>alert(1)</script>', 'INVALID'],
      ['an ftp: URL', 'ftp://example.com/picture.png', 'INVALID'],
      ['a URL without a host', 'https://', 'INVALID'],
      ['2,049 characters', `https://example.com/${'x'.repeat(2029)}`, 'TOO_LONG'],
      ['U+0000', 'https://example.com/\u0000', 'INVALID'],
      ['an unpaired surrogate', 'https://example.com/\ud800', 'INVALID'],
      ['a line break', 'https://example.com/a\nb', 'INVALID'],
    ],
  },
  metadata: {
    value: { after: { deep: { list: [{ in: { a: { row: {} } } }] } }, 'ключ 😀': [null, 1.5, true] },
    null: 'clears',
    bad: [
      ['9 levels', nested(9), 'TOO_DEEP'],
      ['9 levels of lists', { a: JSON.parse('[[[[[[[[]]]]]]]]') }, 'TOO_DEEP'],
      ['a byte more than 16 KiB', { a: 'x'.repeat(16_384 - 7) }, 'TOO_LONG'],
      ['16 KiB of emoji, counted in bytes', { a: '😀'.repeat(4096) }, 'TOO_LONG'],
      ['U+0000 in a value', { a: ['\u0000'] }, 'INVALID'],
      ['U+0000 in a key', { a: { '\u0000': 1 } }, 'INVALID'],
      ['an unpaired surrogate', { a: '\udc00' }, 'INVALID'],
    ],
  },
  locale: {
    value: 'PT-br',
    shown: 'pt-BR',
    null: 'clears',
    bad: [
      ['an empty text', '', 'INVALID'],
      ['an underscore', 'en_US', 'INVALID'],
      ['no language', '123', 'INVALID'],
      ['101 characters', `en-x-${'a'.repeat(96)}`, 'TOO_LONG'],
      ...unstorable,
    ],
  },
  timeZone: {
    value: 'America/Argentina/Buenos_Aires',
    null: 'clears',
    bad: [
      ['an empty text', '', 'INVALID'],
      ['an offset', '+01:00', 'INVALID'],
      ['an offset without a colon', '-0530', 'INVALID'],
      ['a place without a zone', 'Europe/Atlantis', 'INVALID'],
      ...unstorable,
    ],
  },
  username: {
    value: (input: string) => `Az_9-@.${input}`.padEnd(50, 'x'),
    null: 'clears',
    bad: [
      ['an empty text', '', 'TOO_SHORT'],
      ['51 characters', 'x'.repeat(51), 'TOO_LONG'],
      ['a space', 'a b', 'INVALID'],
      ['a letter beyond ASCII', 'dvořák', 'INVALID'],
      ['a line break at its end', 'ada\n', 'INVALID'],
      ...unstorable,
    ],
  },
  email: {
    value: (input: string) => `After.O'Person+${input}@mail.example.net`,
    null: 'clears',
    bad: [
      ['an empty text', '', 'INVALID'],
      ['no @', 'example.com', 'INVALID'],
      ['two @', 'a@b@example.com', 'INVALID'],
      ['a space', 'a b@example.com', 'INVALID'],
      ['255 characters', `${'a'.repeat(243)}@example.com`, 'TOO_LONG'],
      ['U+0000', 'a\u0000@example.com', 'INVALID'],
      ['an unpaired surrogate', 'a\ud800@example.com', 'INVALID'],
      ['a header of its own', 'a@example.com\nBcc: b@example.com', 'INVALID'],
    ],
  },
  phoneNumber: {
    value: '+442079460958',
    null: 'clears',
    bad: [
      ['an empty text', '', 'INVALID'],
      ['no +', '442079460958', 'INVALID'],
      ['a leading zero', '+0442079460958', 'INVALID'],
      ['spaces', '+44 20 7946 0958', 'INVALID'],
      ['16 digits', '+1234567890123456', 'INVALID'],
      ...unstorable,
    ],
  },
  status: { value: 'SUSPENDED', null: 'REQUIRED', bad: [['DELETING', 'DELETING', 'NOT_ALLOWED']] },
  isSuperuser: { value: true, null: 'REQUIRED', bad: [] },
  password: {
    value: 'a new password',
    null: 'REQUIRED',
    bad: [
      ['7 characters', '7 chars', 'TOO_SHORT'],
      ['a common one', 'Password123', 'NOT_ALLOWED'],
      ['7 emoji', '😀'.repeat(7), 'TOO_SHORT'],
      ['257 characters', 'x'.repeat(257), 'TOO_LONG'],
      ['U+0000', 'pass\u0000word', 'INVALID'],
      ['an unpaired surrogate', 'pass\ud800word', 'INVALID'],
    ],
  },
};

/** Says which version is meant, and sets nothing; `versions.test.ts` is about it. */
export const notSet = 'expectedVersion';
