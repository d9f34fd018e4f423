/** Ids inside are UUIDs. Outside, the graph shows them as TypeIDs: `user_01h455vb4pex5vsknk084sn02q`. */
import { TypeID } from 'typeid-js';
import { InvalidIdError, NotFoundError } from '../errors.ts';

/** The prefix of each type's global id (TypeID specification 0.3). */
export const idPrefixes = {
  User: 'user',
  Organization: 'org',
  ApiToken: 'token',
  Session: 'session',
  Email: 'email',
  PhoneNumber: 'phone',
  OAuthIdentity: 'identity',
  Erasure: 'erasure',
  Share: 'share',
  SigningKey: 'key',
  OAuthClient: 'client',
  Invitation: 'invitation',
  DataRecord: 'record',
  DataExport: 'export',
  AuditEvent: 'event',
  Webhook: 'webhook',
  WebhookDelivery: 'delivery',
} as const;
export type NodeType = keyof typeof idPrefixes;

const typeOfPrefix = new Map(Object.entries(idPrefixes).map(([type, prefix]) => [prefix, type as NodeType]));

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}

/** A UUID that may name something. @throws {NotFoundError} for any other text, which a UUID column cannot be compared with */
export function requireUuid(text: string, path: readonly string[]): string {
  if (!isUuid(text)) throw new NotFoundError(path);
  return text;
}

/** Ids as they were written, by type: the same few are written again and again. */
const written = new Map<NodeType, Map<string, string>>();
/** So many of a type are kept: a list of a hundred finds its ids in half the time that a cache takes which orders them. */
const mostWritten = 20_000;

export function encodeId(type: NodeType, uuid: string): string {
  const known = written.get(type)?.get(uuid);
  if (known !== undefined) return known;
  const id = TypeID.fromUUID(idPrefixes[type], uuid).toString();
  const ids = written.get(type);
  if (ids === undefined || ids.size >= mostWritten) written.set(type, new Map([[uuid, id]]));
  else ids.set(uuid, id);
  return id;
}

/** @throws {InvalidIdError} when the text is no id of this graph */
export function decodeId(id: string): { type: NodeType; uuid: string } {
  try {
    const parsed = TypeID.fromString(id);
    const type = typeOfPrefix.get(parsed.getType() as never);
    if (type !== undefined) return { type, uuid: parsed.toUUID() };
  } catch {
    // falls through: whatever the parser found, the answer is the same
  }
  throw new InvalidIdError();
}
