/** A request and its response as text that is the same at every run. */
import { STATUS_CODES } from 'node:http';
import type { Ask } from './scenario.ts';

/** What differs from run to run, each in the only form that is right: a value of another form stays, and shows. */
const volatile = [
  ['request id', /(?<=\nx-request-id: )[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/],
  ['uuid', /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/],
  ['token', /ug_(?:ses|tok|ref|dev|cod|cli)_[\w-]{43}[0-9A-Za-z]{6}/],
  ['jwt', /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/],
  ['user code', /(?<=user_code=|"user_code":")[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}/],
  ['time', /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/],
  ['global id', /(?<=")user_01[0-9a-hjkmnp-tv-z]{24}(?=\.\d+")/],
  [
    'seconds',
    /(?<=\nretry-after: )(?:5\d|60)(?=\n)|(?<=try again in )(?:5\d|60)(?= seconds)|(?<=\nratelimit: "default";r=\d+;t=)(?:5\d|60)(?=\n)/,
  ],
] as const;

const everything = new RegExp(volatile.map(([, pattern]) => `(${pattern.source})`).join('|'), 'g');

/** The same value gets the same number, so that a wrong one is noticed. */
export function mask(text: string): string {
  const seen = new Map<string, string[]>();
  return text.replace(everything, (value, ...groups: unknown[]) => {
    const [kind] = volatile[groups.findIndex((group) => group !== undefined)] ?? ['value'];
    const known = seen.get(kind) ?? [];
    seen.set(kind, known);
    if (!known.includes(value)) known.push(value);
    return `<${kind} ${known.indexOf(value) + 1}>`;
  });
}

const headerLines = (headers: Iterable<readonly [string, string]>) =>
  [...headers].map(([name, value]) => `${name}: ${value}`).sort();

const message = (first: string, headers: readonly string[], body: string) =>
  [first, ...headers, ...(body === '' ? [] : ['', body])].join('\n');

/** A body that is only long is told by its length. */
const shortened = (body: string) => body.replace(/x{100,}/g, ({ length }) => `<${length} times x>`);

/** `what` becomes a comment, as files of this kind have them. */
export async function transcriptOf(what: string, ask: Ask, response: Response): Promise<string> {
  const { method, path, headers = {}, body = '' } = ask;
  const { status } = response;
  const request = message(
    `${method} ${path} HTTP/1.1`,
    headerLines(Object.entries(headers)),
    shortened(body),
  );
  const answer = message(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    headerLines(response.headers),
    await response.text(),
  );
  return mask(`# ${what}\n${request}\n\n${answer}\n`);
}
