/** Which version of a thing an answer shows, and which one a request is made for (RFC 9110, sections 8.8 and 13.1). */

import { encodeId, type NodeType } from '../domain/ids.ts';
import type { ExpectedVersion } from '../domain/versions.ts';
import { BadHeaderError, DomainError } from '../errors.ts';
import type { HttpRequest, RequestHeaders } from '../http/message.ts';

export interface Versioned {
  readonly type: NodeType;
  readonly id: string;
  readonly version: number;
}

/** The same wherever the thing is shown, whatever the credential: who read it on one surface changes it on another. */
export const entityTag = ({ type, id, version }: Versioned): string => `"${encodeId(type, id)}.${version}"`;

/** An account as its answers show it: `row` is what it was read with. */
export const theAccount = ({ id, version }: { id: string; version: number }): Versioned => ({
  type: 'User',
  id,
  version,
});

/** What a request says of the thing that it changes, in `If-Match` and `If-None-Match`. */
export interface Precondition {
  readonly isGiven: boolean;
  /** The versions of a thing that the request is made for; undefined for any. */
  expects(type: NodeType, id: string): ExpectedVersion | undefined;
}

export const noPrecondition: Precondition = { isGiven: false, expects: () => undefined };

/**
 * @param isRequired whether a request without `If-Match` is refused
 * @throws {BadHeaderError} for a header that cannot be read: what it guards must not be changed then
 * @throws {DomainError} PRECONDITION_REQUIRED
 */
export function readPrecondition({ headers }: HttpRequest, isRequired: boolean): Precondition {
  const matching = readTags(headers, 'If-Match');
  const excluded = readTags(headers, 'If-None-Match');
  if (matching === null && isRequired) throw new DomainError('PRECONDITION_REQUIRED');
  return {
    isGiven: matching !== null || excluded !== null,
    expects(type, id) {
      if (matching === null && excluded === null) return undefined;
      return (version) => {
        const tag = entityTag({ type, id, version });
        // A weak tag says that the content is alike, which is not enough to replace it.
        const isMatching = matching === null || matching === '*' || matching.includes(tag);
        return isMatching && !(excluded !== null && includesWeakly(excluded, tag));
      };
    },
  };
}

/** Whether the caller has what this tag stands for. A header that cannot be read says nothing. */
export function isKnown({ headers }: HttpRequest, tag: string): boolean {
  const known = parseTags(headers.get('if-none-match') ?? '');
  return known !== null && includesWeakly(known, tag);
}

type Tags = readonly string[] | '*';

const includesWeakly = (tags: Tags, tag: string) =>
  tags === '*' || tags.some((one) => one.replace(/^W\//, '') === tag);

function readTags(headers: RequestHeaders, name: string): Tags | null {
  const text = headers.get(name);
  if (text === null) return null;
  const tags = parseTags(text);
  if (tags === null) throw new BadHeaderError(`The header ${name} must be * or a list of entity tags.`);
  return tags;
}

/** Tags with their quotation marks, which may have commas between them. Null for what is no list of at least one. */
function parseTags(text: string): Tags | null {
  if (text.trim() === '*') return '*';
  const tags: string[] = [];
  const element = /[\t ]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")?[\t ]*(?:,|$)/y;
  while (element.lastIndex < text.length) {
    const found = element.exec(text);
    if (found === null) return null;
    if (found[1] !== undefined) tags.push(found[1]);
  }
  return tags.length > 0 ? tags : null;
}
