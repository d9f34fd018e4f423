/** What the graph tells of an account, private facts and public ones, and how to ask for all of it. */

/** Each private field of a user, with a selection of what it leads to. */
export const privateFields: Readonly<Record<string, string>> = {
  email: '',
  emails: '{ address }',
  phoneNumber: '',
  phoneNumbers: '{ number }',
  oauthProvider: '',
  oauthId: '',
  identities: '{ provider subject name email }',
  metadata: '',
  locale: '',
  timeZone: '',
  activeSessionCount: '',
  sessions: '{ ipAddress userAgent }',
  consents: '{ createdAt }',
  managedUsers: '(first: 2) { totalCount nodes { id displayName } pageInfo { hasNextPage startCursor } }',
  organizations: '(first: 2) { totalCount edges { role cursor node { id name } } }',
  apiTokens: '(first: 2) { totalCount nodes { id name prefix } }',
  sharesGiven: '(first: 2) { totalCount nodes { scopes grantee { displayName } } }',
  dataRecords:
    '(first: 1) { totalCount nodes { collection occurredAt } pageInfo { hasNextPage startCursor } }',
  dataCollections: '{ name }',
  auditTrail: '(first: 2) { nodes { ipAddress changes { after } } }',
  sharesReceived: '(first: 2) { totalCount nodes { scopes grantor { displayName } } }',
};

/** Those of them that `data:read` opens, and not `profile`. */
export const dataFields: readonly string[] = ['dataRecords', 'dataCollections'];

/** The fields that everyone who sees an account may read; `username` unless it is an e-mail address. */
export const publicFields = [
  ...[
    'id',
    'uuid',
    'kind',
    'status',
    'isActive',
    'isServiceAccount',
    'isManaged',
    'isSuperuser',
    'isOnboarded',
  ],
  ...['username', 'name', 'firstName', 'lastName', 'displayName', 'bio', 'company', 'jobTitle', 'avatarUrl'],
  ...['grantedScopes', 'version', 'createdAt', 'updatedAt'],
  ...['viewerCanReadPrivate', 'viewerCanUpdate', 'viewerCanDelete'],
  ...['viewerCanReadData', 'viewerCanWriteData'],
] as const;

/** The fields that lead on from an account to others: each path over them is walked. */
export const links = ['manager', 'organization'] as const;

const privateSelection = Object.entries(privateFields).map(([name, inner]) => `${name}${inner}`);

export const selections = {
  User: `__typename ${[...publicFields, ...privateSelection].join(' ')}`,
  Organization: '__typename id name subDomain',
  ApiToken: '__typename id name prefix',
} as const;
export type Entity = keyof typeof selections;

export type FoundObject = Readonly<Record<string, unknown>> & {
  readonly __typename: Entity;
  readonly id: string;
};

/** Every user, organization and token in an answer, wherever it stands. */
export function objectsIn(value: unknown): FoundObject[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return isEntity(value) ? [value, ...inner] : inner;
}

function isEntity(value: object): value is FoundObject {
  return '__typename' in value && String(value.__typename) in selections && 'id' in value;
}

/** The private fields of a found user that say something: all others are null, or lists without anything. */
export function toldFields(user: FoundObject): string[] {
  return Object.keys(privateFields).filter((name) => name in user && !isSilent(user[name]));
}

function isSilent(value: unknown): boolean {
  if (value === null || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.values(value).every(isSilent);
}

/** An answer as its reader can read it: with its cursors decoded. */
export function readable(text: string): string {
  const cursors = [...text.matchAll(/"(?:cursor|startCursor|endCursor)":"([^"]+)"/g)];
  return [text, ...cursors.map(([, cursor = '']) => Buffer.from(cursor, 'base64url').toString())].join('\n');
}
