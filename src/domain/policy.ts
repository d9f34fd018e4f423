/**
 * Who may do what. Pure: no database, no clock, no surface. Every surface asks here, so all give the same answer.
 *
 * Two questions: `visibility(actor)` says which accounts exist for an actor (the rest is NOT_FOUND), and
 * `decide(actor, action, account)` says what it may do with one of those.
 */
import type { UserKind, UserStatus } from '../generated/prisma/enums.ts';

/** What a credential may be narrowed to. A session has all of them. */
export const scopes = [
  'openid',
  'profile',
  'offline_access',
  'data:read',
  'data:write',
  'users:write',
  'tokens:write',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

export type Role = 'OWNER' | 'ADMIN' | 'MEMBER';

/** Who is asking: made by authentication, or by a sign-in; anonymous once the credential has ended. */
export interface Actor {
  /** The account that acts; null for the anonymous and for an organization's own token. */
  readonly user: ActingUser | null;
  /** The organization whose own token this is, with no user behind it. */
  readonly organizationId: string | null;
  readonly credential: Credential;
  readonly scopes: ReadonlySet<Scope>;
  /** Who really acts, for `user`, and may do to that account what it granted, and nothing beyond it; absent where nobody does. */
  readonly delegate?: { readonly id: string };
}

export interface ActingUser {
  readonly id: string;
  readonly kind: UserKind;
  readonly username: string | null;
  readonly isSuperuser: boolean;
  /** The organization of a service account. */
  readonly organizationId: string | null;
  readonly memberships: readonly { readonly organizationId: string; readonly role: Role }[];
  /** What others let the account do with theirs, as far as it is not over: by the id of the other. */
  readonly shares: ReadonlyMap<string, readonly Scope[]>;
}

export const credentialKinds = [
  'ANONYMOUS',
  'SESSION',
  'API_TOKEN',
  'CAPABILITY_TOKEN',
  'EXTERNAL_TOKEN',
  'CONSOLE',
  'SYSTEM',
] as const;

export interface Credential {
  readonly kind: (typeof credentialKinds)[number];
  /** The id of the session, the API token, the organization's key or the identity that it rests on. */
  readonly id: string | null;
  /** The OAuth2 client that it was granted to; absent for the user's own. */
  readonly clientId?: string | null;
  readonly expiresAt: Date | null;
  /** Requests per minute that it may make, besides what its account may; absent where it has no limit of its own. */
  readonly rateLimit?: number | null;
  /** What that limit is counted under, where others count with it: the id of the API token that opened a session. */
  readonly rateLimitKey?: string;
  /** The networks that it may be used from; absent or empty where it may be used from anywhere. */
  readonly allowedNetworks?: readonly string[];
}

/** Whoever says nothing of itself, and whoever's credential has just ended. */
export const anonymous: Actor = {
  user: null,
  organizationId: null,
  credential: { kind: 'ANONYMOUS', id: null, expiresAt: null },
  scopes: new Set(),
};

/** The server itself, at what it does in the background. It decides nothing: what it does was asked for by somebody who may. */
export const system: Actor = {
  user: null,
  organizationId: null,
  credential: { kind: 'SYSTEM', id: null, expiresAt: null },
  scopes: new Set(),
};

/** What the policy must know of an account. */
export interface Account {
  readonly id: string;
  readonly kind: UserKind;
  readonly status: UserStatus;
  readonly username: string | null;
  readonly isSuperuser: boolean;
  readonly managerId: string | null;
  readonly organizationId: string | null;
}

/** The accounts that exist for an actor. */
export type Visibility =
  | { readonly everything: true }
  | {
      readonly everything: false;
      /** Accounts of these organizations are visible by their public facts. */
      readonly organizationIds: readonly string[];
    };

export type AccountAction =
  | 'readPrivate'
  | 'readSessions'
  | 'endSession'
  | 'update'
  | 'changeContacts'
  | 'administer'
  | 'delete'
  | 'listTokens'
  | 'issueToken'
  | 'readShares'
  | 'share'
  | 'actFor'
  | 'readData'
  | 'writeData'
  | 'readTrail'
  | 'export';

export type Decision =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly code: 'FORBIDDEN' | 'INSUFFICIENT_SCOPE' | 'PROTECTED_ACCOUNT';
      readonly message: string;
      readonly scope?: Scope;
    };

/** The account that is there from the start: never deleted, demoted, suspended or renamed. */
export const reservedUsername = 'admin';

export function isReservedName(username: unknown): boolean {
  return typeof username === 'string' && username.toLowerCase() === reservedUsername;
}

export function isReserved(account: Pick<Account, 'username'>): boolean {
  return isReservedName(account.username);
}

/** A superuser acts as one only with a credential that has the scope `admin`; the operator at the console always. */
export function actsAsSuperuser(actor: Actor): boolean {
  if (actor.credential.kind === 'CONSOLE') return true;
  return actor.user?.isSuperuser === true && actor.scopes.has('admin');
}

export function visibility(actor: Actor): Visibility {
  if (actsAsSuperuser(actor)) return { everything: true };
  const memberships = actor.user?.memberships.map((membership) => membership.organizationId) ?? [];
  const own = actor.organizationId ?? actor.user?.organizationId ?? null;
  return {
    everything: false,
    organizationIds: own === null ? memberships : [own, ...memberships],
  };
}

/** Whether the actor runs an organization: as its owner or admin, or as a superuser. */
export function runsOrganization(actor: Actor, organizationId: string | null): boolean {
  if (organizationId === null) return false;
  return actsAsSuperuser(actor) || organizationsRunBy(actor).includes(organizationId);
}

/** The scopes that an account shares with the actor; none when it shares nothing. */
function sharedScopes(actor: Actor, account: Account): readonly Scope[] {
  return actor.user?.shares.get(account.id) ?? [];
}

/** The organizations that the actor runs as a member. */
export function organizationsRunBy(actor: Actor): string[] {
  const memberships = actor.user?.memberships ?? [];
  return memberships.filter(({ role }) => role !== 'MEMBER').map(({ organizationId }) => organizationId);
}

/** Whether an account that another one belongs to can be told of, without asking the database. */
export function canTellManager(actor: Actor, manager: Pick<Account, 'id' | 'kind'>): boolean {
  if (manager.kind === 'INTERNAL') return false;
  if (actsAsSuperuser(actor) || actor.user?.id === manager.id) return true;
  return actor.user?.shares.has(manager.id) ?? false;
}

/** Whether an organization exists for the actor. */
export function canSeeOrganization(actor: Actor, organizationId: string): boolean {
  const sees = visibility(actor);
  return sees.everything || sees.organizationIds.includes(organizationId);
}

/** What the actor is to an account that it can see. */
function relation(actor: Actor, account: Account): 'self' | 'superuser' | 'manager' | 'operator' | 'other' {
  if (actor.user?.id === account.id) return 'self';
  if (actsAsSuperuser(actor) && account.kind !== 'INTERNAL') return 'superuser';
  if (actor.user !== null && !actor.delegate && account.managerId === actor.user.id) return 'manager';
  if (account.kind === 'SERVICE_ACCOUNT' && runsOrganization(actor, account.organizationId))
    return 'operator';
  return 'other';
}

/** Decides on one account. The account must be visible to the actor: the invisible is NOT_FOUND, not FORBIDDEN. */
export function decide(actor: Actor, action: AccountAction, account: Account): Decision {
  return rules[action](actor, account);
}

const rules: Record<AccountAction, (actor: Actor, account: Account) => Decision> = {
  readPrivate(actor, account) {
    const allowed = relation(actor, account) !== 'other' || sharedScopes(actor, account).includes('profile');
    if (!allowed)
      return forbidden(
        'Only the account itself, its manager and those it shares its profile with may see this.',
      );
    return requireScope(actor, 'profile');
  },

  readSessions(actor, account) {
    const what = relation(actor, account);
    if ((what !== 'self' && what !== 'superuser') || actor.delegate)
      return forbidden('Only the account itself may see its sessions.');
    return requireScope(actor, 'profile');
  },

  endSession(actor, account) {
    const what = relation(actor, account);
    if ((what !== 'self' && what !== 'superuser') || actor.delegate)
      return forbidden('Only the account itself may end its sessions.');
    return requireScope(actor, 'users:write');
  },

  update(actor, account) {
    if (account.kind === 'INTERNAL') return isProtected('Internal accounts are managed by the system.');
    const what = relation(actor, account);
    if (what === 'other')
      return forbidden('Only the account itself, its manager or a superuser may change it.');
    if (what === 'self' && account.kind !== 'HUMAN')
      return forbidden('A service account cannot change itself.');
    return requireScope(actor, 'users:write');
  },

  changeContacts(actor, account) {
    const decision = rules.update(actor, account);
    // A new password goes to a proven address: what was handed a scope must not take the account over by adding its own.
    if (!decision.allowed || relation(actor, account) !== 'self' || isPerson(actor)) return decision;
    return forbidden('Only the person itself may change where codes are sent to: sign in.');
  },

  administer(actor, account) {
    if (account.kind === 'INTERNAL') return isProtected('Internal accounts are managed by the system.');
    return requireSuperuser(actor, 'Only a superuser may change this.');
  },

  delete(actor, account) {
    if (account.kind === 'INTERNAL') return isProtected('Internal accounts are managed by the system.');
    if (isReserved(account)) return isProtected('The reserved admin account cannot be deleted.');
    const what = relation(actor, account);
    if (what === 'other')
      return forbidden('Only the account itself, its manager or a superuser may delete it.');
    if (what === 'self' && account.kind !== 'HUMAN')
      return forbidden('A service account cannot delete itself.');
    return requireScope(actor, 'users:write');
  },

  listTokens(actor, account) {
    const what = relation(actor, account);
    if (what === 'other') return forbidden('Only the owner of tokens may list them.');
    return requireScope(actor, 'tokens:write');
  },

  issueToken(actor, account) {
    const what = relation(actor, account);
    const own = what === 'self' && account.kind !== 'MANAGED';
    const operated = account.kind === 'SERVICE_ACCOUNT' && (what === 'operator' || what === 'superuser');
    const atConsole = actor.credential.kind === 'CONSOLE' && account.kind !== 'MANAGED';
    if (!own && !operated && !atConsole)
      return forbidden('A token can be made for yourself or for a service account that you run.');
    return requireScope(actor, 'tokens:write');
  },

  readShares(actor, account) {
    const what = relation(actor, account);
    if ((what !== 'self' && what !== 'superuser') || actor.delegate)
      return forbidden('Only the account itself may see what it shares and what is shared with it.');
    return requireScope(actor, 'profile');
  },

  share(actor, account) {
    if (relation(actor, account) !== 'self' || account.kind !== 'HUMAN' || !isPerson(actor))
      return forbidden('Only the person itself may share its account: sign in.');
    return requireScope(actor, 'users:write');
  },

  actFor(actor, account) {
    const lent = lentScopes(actor, account);
    const [first] = lent;
    if (first === undefined || actor.delegate)
      return forbidden('Only its manager and those it shares with may act for an account.');
    if (account.status !== 'ACTIVE') return forbidden('Nobody may act for an account that is not active.');
    const { kind } = actor.credential;
    if (kind !== 'SESSION' && kind !== 'API_TOKEN')
      return forbidden('Only a session or an API token may act for another account.');
    return lent.some((scope) => actor.scopes.has(scope)) ? { allowed: true } : lacks(first);
  },

  readData: (actor, account) => decideData(actor, account, 'data:read'),

  writeData(actor, account) {
    const decision = decideData(actor, account, 'data:write');
    if (!decision.allowed || account.status === 'ACTIVE') return decision;
    return forbidden('The data of an account that is not active cannot be changed.');
  },

  readTrail(actor, account) {
    if (relation(actor, account) === 'other' || actor.delegate)
      return forbidden('Only the account itself, and whoever manages or runs it, may see its trail.');
    return requireScope(actor, 'profile');
  },

  export(actor, account) {
    const what = relation(actor, account);
    if (what === 'other')
      return forbidden('Only the account itself, and whoever manages or runs it, may export it.');
    if (what === 'self' && !isPerson(actor))
      return forbidden('Only the person itself may export its account: sign in.');
    const { kind } = actor.credential;
    if (kind !== 'SESSION' && kind !== 'API_TOKEN')
      return forbidden('Only a session or an API token may export an account.');
    if (account.status !== 'ACTIVE') return forbidden('An account that is not active cannot be exported.');
    const missing = (['data:read', 'profile'] as const).find((scope) => !actor.scopes.has(scope));
    return missing === undefined ? { allowed: true } : lacks(missing);
  },
};

/** Data is reached by the account itself, whoever manages or runs it, superusers, and those it shares that very scope with. */
function decideData(actor: Actor, account: Account, scope: 'data:read' | 'data:write'): Decision {
  if (relation(actor, account) === 'other' && !sharedScopes(actor, account).includes(scope))
    return forbidden(
      'Only the account itself, its manager and those it shares its data with may do this with its data.',
    );
  return requireScope(actor, scope);
}

/** What happened, as far as it says where somebody was. */
export interface TracedEvent {
  readonly accountId: string | null;
  readonly actorId: string | null;
  readonly credentialKind: string;
}

/** Whether the actor may know from where something was done: what it did itself, or nobody known did to it; superusers, always. */
export function canReadOrigin(actor: Actor, event: TracedEvent): boolean {
  if (actsAsSuperuser(actor)) return true;
  return actor.user !== null && !actor.delegate && isOriginOf(actor.user.id, event);
}

/** Whether the address and the program of an event are those of this account, as far as anybody can tell. */
export function isOriginOf(accountId: string, event: TracedEvent): boolean {
  const isUnknown = event.actorId === null && event.credentialKind === 'ANONYMOUS';
  return event.actorId === accountId || (isUnknown && event.accountId === accountId);
}

/** What one may do who acts for another account: never to change it, its sign-in or its tokens. */
export const delegableScopes = ['profile', 'data:read', 'data:write'] as const satisfies readonly Scope[];

/** The scopes that an account lends the actor: all that can be lent to its manager, and what it shares to others. */
export function lentScopes(actor: Actor, account: Account): readonly Scope[] {
  const isManager = actor.user !== null && account.managerId === actor.user.id;
  return scopesLent(isManager, sharedScopes(actor, account));
}

export function scopesLent(isManager: boolean, shared: readonly string[]): readonly Scope[] {
  return isManager ? delegableScopes : delegableScopes.filter((scope) => shared.includes(scope));
}

/** What an actor can be to an account. */
export type Relation = 'self' | 'delegate' | 'superuser' | 'manager' | 'operator' | 'grantee' | 'other';

/** What the actor is to an account that it can see, and what that means for an action: why it may, or why not. */
export function explain(
  actor: Actor,
  action: AccountAction,
  account: Account,
): { readonly relation: Relation; readonly decision: Decision } {
  const what = relation(actor, account);
  const lending = account.managerId === actor.user?.id ? 'manager' : 'grantee';
  const isLent = (action === 'actFor' || what === 'other') && lentScopes(actor, account).length > 0;
  const shown = what === 'self' && actor.delegate ? 'delegate' : isLent ? lending : what;
  return { relation: shown, decision: decide(actor, action, account) };
}

/** Whether the person itself is at the other end: signed in, and neither a client nor a delegate of theirs. */
export function isPerson({ credential, delegate }: Actor): boolean {
  return credential.kind === 'SESSION' && credential.clientId == null && !delegate;
}

/** Users of two kinds can manage others: people, and programs of an organization. */
export function decideCreateManagedUser(actor: Actor): Decision {
  if (actor.user?.kind !== 'HUMAN' && actor.user?.kind !== 'SERVICE_ACCOUNT') {
    return forbidden('Only a person or a service account can manage users.');
  }
  return requireScope(actor, 'users:write');
}

export function decideCreateUser(actor: Actor): Decision {
  return requireSuperuser(actor, 'Only a superuser may create accounts.');
}

/** For what belongs to the server as a whole, such as its OAuth2 clients. */
export function decideOperate(actor: Actor, message: string): Decision {
  if (actor.credential.kind !== 'CONSOLE' && !actor.user?.isSuperuser) return forbidden(message);
  return requireScope(actor, 'admin');
}

/** For what is done in an organization's name: service accounts, and tokens of its own. */
export function decideRunOrganization(actor: Actor, organizationId: string, scope: Scope): Decision {
  if (!runsOrganization(actor, organizationId))
    return forbidden('Only an owner or an admin of the organization may do this.');
  return requireScope(actor, scope);
}

/** People make organizations; what only stands for them does not. */
export function decideCreateOrganization(actor: Actor): Decision {
  if (actor.user?.kind !== 'HUMAN' || actor.delegate)
    return forbidden('Only a person can make an organization.');
  return requireScope(actor, 'users:write');
}

/** For what is about the organization as a whole, such as that it goes: for its owners, and superusers. */
export function decideOwnOrganization(actor: Actor, organizationId: string): Decision {
  if (actsAsSuperuser(actor)) return requireScope(actor, 'users:write');
  if (roleIn(actor, organizationId) !== 'OWNER') {
    if (actor.user?.isSuperuser && !actor.delegate) return lacks('admin');
    return forbidden('Only an owner of the organization may do this.');
  }
  // Whoever was handed a scope must not take the organization away from its owner.
  return isPerson(actor) ? requireScope(actor, 'users:write') : forbidden(personNeeded);
}

/** What a member is before a change and after it; null where it is none. */
export interface RoleChange {
  readonly from: Role | null;
  readonly to: Role | null;
}

/** On inviting, changing and removing members: by those who run the organization, and by owners where it makes or unmakes one. */
export function decideChangeMember(actor: Actor, organizationId: string, { from, to }: RoleChange): Decision {
  const decision = decideRunOrganization(actor, organizationId, 'users:write');
  if (!decision.allowed || (from !== 'OWNER' && to !== 'OWNER')) return decision;
  return decideOwnOrganization(actor, organizationId);
}

/** An owner hands an organization on itself; a superuser makes another member an owner instead. */
export function decideTransferOwnership(actor: Actor, organizationId: string): Decision {
  if (roleIn(actor, organizationId) !== 'OWNER')
    return forbidden('Only an owner of the organization may hand it on.');
  return isPerson(actor) ? requireScope(actor, 'users:write') : forbidden(personNeeded);
}

/** A member gives up what it is there, however it shows who it is. */
export function decideLeaveOrganization(actor: Actor): Decision {
  if (actor.user?.kind !== 'HUMAN' || actor.delegate)
    return forbidden('Only a member can leave an organization.');
  return requireScope(actor, 'users:write');
}

const personNeeded = 'Only the person itself may do this: sign in.';

/** The roles that those of a role may give by an invitation. */
export const rolesGivenBy: Record<Role, readonly Role[]> = {
  OWNER: ['OWNER', 'ADMIN', 'MEMBER'],
  ADMIN: ['ADMIN', 'MEMBER'],
  MEMBER: [],
};

/** Who is invited to an organization is told to those who run it, as far as they may read private facts. */
export function canReadInvitations(actor: Actor, organizationId: string): boolean {
  return runsOrganization(actor, organizationId) && actor.scopes.has('profile');
}

function roleIn(actor: Actor, organizationId: string): Role | null {
  return actor.user?.memberships.find((one) => one.organizationId === organizationId)?.role ?? null;
}

/** What happened in an organization is told to those who run it. */
export function canReadOrganizationTrail(actor: Actor, organizationId: string): boolean {
  return runsOrganization(actor, organizationId) && !actor.delegate && actor.scopes.has('profile');
}

/** A credential never hands on more than it has. */
export function decideGrantScopes(actor: Actor, wanted: readonly Scope[]): Decision {
  const missing = wanted.find((scope) => !actor.scopes.has(scope));
  return missing === undefined ? { allowed: true } : lacks(missing);
}

/** Whoever was let at an account can give that up, however it shows who it is; nobody can do it in its place. */
export function decideRenounceShare(actor: Actor): Decision {
  if (actor.delegate) return forbidden('Only the account itself may give up what is shared with it.');
  return requireScope(actor, 'users:write');
}

/**
 * The scopes that the actor has over an account: what a client of a list of users asks for. What an account grants is
 * told also to superusers, who have all scopes over the others.
 */
export function scopesOver(actor: Actor, account: Account): readonly Scope[] {
  const what = relation(actor, account);
  const shared = sharedScopes(actor, account);
  const isOwn = what === 'self' || account.managerId === actor.user?.id;
  const others = what === 'superuser' && shared.length === 0 ? scopes : shared;
  const over = isOwn || what === 'operator' ? (['data:read', 'data:write', 'profile'] as const) : others;
  return over.filter((scope) => actor.scopes.has(scope));
}

/** Whether a username can be shown: an e-mail address used as one is as private as the address. */
export function isPublicUsername(username: string): boolean {
  return !username.includes('@');
}

function requireSuperuser(actor: Actor, message: string): Decision {
  if (actor.credential.kind !== 'CONSOLE' && !actor.user?.isSuperuser) return forbidden(message);
  return actor.scopes.has('admin') ? requireScope(actor, 'users:write') : lacks('admin');
}

function requireScope(actor: Actor, scope: Scope): Decision {
  return actor.scopes.has(scope) ? { allowed: true } : lacks(scope);
}

const forbidden = (message: string): Decision => ({ allowed: false, code: 'FORBIDDEN', message });
const isProtected = (message: string): Decision => ({ allowed: false, code: 'PROTECTED_ACCOUNT', message });
const lacks = (scope: Scope): Decision => ({
  allowed: false,
  code: 'INSUFFICIENT_SCOPE',
  message: `The credential lacks the scope ${scope}.`,
  scope,
});
