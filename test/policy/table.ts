/**
 * Who may do what: the policy, written out. A row is an operation on a subject, a column is who asks (see `actors.ts`).
 * What an actor may not see is `null`, `none` or `404`; what it sees but may not do is `403`.
 */
const table = `
                                anon  self  mngr  share data  strng mate  admin owner svc   org   super weak  susp  expd  rvkd
me                              null  ok    ok    ok    ok    ok    ok    ok    ok    ok    null  ok    ok    401   401   401
viewer                          null  ok    ok    ok    ok    ok    ok    ok    ok    ok    null  ok    ok    401   401   401
node person                     401   ok    null  ok    ok    null  ok    ok    ok    ok    ok    ok    null  401   401   401
node managed                    401   null  ok    ok    ok    null  null  null  null  null  null  ok    null  401   401   401
node service                    401   ok    null  null  null  null  ok    ok    ok    ok    ok    ok    null  401   401   401
node internal                   401   null  null  null  null  null  null  null  null  null  null  null  null  401   401   401
node organization               401   ok    null  null  null  null  ok    ok    ok    ok    ok    ok    null  401   401   401
node person's token             401   ok    null  null  null  null  null  null  null  null  null  ok    null  401   401   401
node service's token            401   null  null  null  null  null  null  ok    ok    ok    null  ok    null  401   401   401
node organization's token       401   null  null  null  null  null  null  ok    ok    null  null  ok    null  401   401   401
node person's record            401   ok    null  ok    ok    null  null  null  null  null  null  ok    null  401   401   401
node managed's record           401   null  ok    ok    ok    null  null  null  null  null  null  ok    null  401   401   401
dataRecord person               401   ok    null  ok    ok    null  null  null  null  null  null  ok    null  401   401   401
nodes person                    401   ok    null  ok    ok    null  ok    ok    ok    ok    ok    ok    null  401   401   401
user person                     401   ok    null  ok    ok    null  ok    ok    ok    ok    ok    ok    null  401   401   401
user person by username         401   ok    null  ok    ok    null  ok    ok    ok    ok    ok    ok    null  401   401   401
user person by e-mail           401   ok    null  ok    null  null  null  null  null  null  null  ok    null  401   401   401
user person by identity         401   ok    null  ok    null  null  null  null  null  null  null  ok    null  401   401   401
user managed                    401   null  ok    ok    ok    null  null  null  null  null  null  ok    null  401   401   401
user internal by username       401   null  null  null  null  null  null  null  null  null  null  null  null  401   401   401
user e-mail of person           401   ok    null  ok    null  null  null  null  null  null  null  ok    null  401   401   401
user e-mail of managed          401   null  ok    ok    null  null  null  null  null  null  null  ok    null  401   401   401
user e-mail of service          401   null  null  null  null  null  null  ok    ok    ok    null  ok    null  401   401   401
user sessions of person         401   ok    null  null  null  null  null  null  null  null  null  ok    null  401   401   401
user tokens of person           401   ok    null  none  none  null  none  none  none  none  none  ok    null  401   401   401
user tokens of service          401   none  null  null  null  null  none  ok    ok    ok    none  ok    null  401   401   401
user data of person             401   ok    null  ok    ok    null  none  none  none  none  none  ok    null  401   401   401
user data of managed            401   null  ok    ok    ok    null  null  null  null  null  null  ok    null  401   401   401
user trail of person            401   ok    null  none  none  null  none  none  none  none  none  ok    null  401   401   401
user trail of managed           401   null  ok    none  none  null  null  null  null  null  null  ok    null  401   401   401
user trail of service           401   none  null  null  null  null  none  ok    ok    ok    none  ok    null  401   401   401
users person                    401   ok    none  ok    ok    none  none  none  none  none  none  ok    none  401   401   401
users managed                   401   none  ok    ok    ok    none  none  none  none  none  none  ok    none  401   401   401
users service                   401   none  none  none  none  none  none  none  none  ok    none  ok    none  401   401   401
users internal                  401   none  none  none  none  none  none  none  none  none  none  none  none  401   401   401
users person by e-mail          401   ok    none  ok    none  none  none  none  none  none  none  ok    none  401   401   401
managedUser managed             401   null  ok    null  null  null  null  null  null  null  403   ok    null  401   401   401
managedUser person              401   null  null  null  null  null  null  null  null  null  403   null  null  401   401   401
managedUsers managed            401   none  ok    none  none  none  none  none  none  none  403   none  none  401   401   401
organization                    401   ok    null  null  null  null  ok    ok    ok    ok    ok    ok    null  401   401   401
organization trail              401   none  null  null  null  null  none  ok    ok    none  none  ok    null  401   401   401
erasure                         ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    401   401   401
auditEvents                     401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
organization invitations        401   none  null  null  null  null  none  ok    ok    none  none  ok    null  401   401   401
organization webhooks           401   none  null  null  null  null  none  ok    ok    none  none  ok    null  401   401   401
webhooks                        401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
oauthClients                    401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
explainAccess READ_PRIVATE person 401   ok    null  ok    403   null  403   403   403   403   403   ok    null  401   401   401
explainAccess UPDATE managed    401   null  ok    403   403   null  null  null  null  null  null  ok    null  401   401   401
explainAccess READ_DATA person  401   ok    null  ok    ok    null  403   403   403   403   403   ok    null  401   401   401
explainAccess WRITE_DATA managed 401   null  ok    403   403   null  null  null  null  null  null  ok    null  401   401   401
signIn person                   ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    401   401   401
signIn person, wrong password   cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  401   401   401
signIn managed                  cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  cred  401   401   401
signOut                         401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    403   401   401   401
refreshSession                  used  used  used  used  used  used  used  used  used  used  used  used  used  401   401   401
signUp                          shut  shut  shut  shut  shut  shut  shut  shut  shut  shut  shut  shut  shut  401   401   401
changePassword                  401   ok    cred  cred  cred  cred  cred  cred  cred  403   403   cred  403   401   401   401
requestPasswordReset            ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    401   401   401
resetPassword person            code  code  code  code  code  code  code  code  code  code  code  code  code  401   401   401
createInvitation                401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
revokeInvitation                401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
revokeInvitation organization   401   403   403   403   403   403   403   ok    ok    403   403   ok    scope 401   401   401
createOrganization              401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    ok    401   401   401
updateOrganization              401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
deleteOrganization              401   403   404   404   404   404   403   403   ok    403   403   ok    404   401   401   401
inviteMember                    401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
inviteMember owner              401   403   404   404   404   404   403   403   ok    403   403   ok    404   401   401   401
acceptInvitation                401   code  code  code  code  code  code  code  code  403   403   code  403   401   401   401
setMemberRole mate              401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
setMemberRole mate, owner       401   403   404   404   404   404   403   403   ok    403   403   ok    404   401   401   401
removeMember mate               401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
leaveOrganization               401   ok    404   404   404   404   ok    ok    last  403   403   404   404   401   401   401
transferOwnership               401   403   404   404   404   404   403   403   ok    403   403   403   404   401   401   401
completeOnboarding              401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    ok    401   401   401
updateMe                        401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    ok    401   401   401
updateUser person               401   ok    404   403   403   404   403   403   403   403   403   ok    404   401   401   401
updateUser managed              401   404   ok    403   403   404   404   404   404   404   404   ok    404   401   401   401
updateUser service              401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
updateUser internal             401   404   404   404   404   404   404   404   404   404   404   404   404   401   401   401
updateUser reserved             401   404   404   404   404   404   404   404   404   404   404   ok    404   401   401   401
updateUser person, suspend      401   403   404   403   403   404   403   403   403   403   403   ok    404   401   401   401
updateUser person, promote      401   403   404   403   403   404   403   403   403   403   403   ok    404   401   401   401
updateUser person, password     401   403   404   403   403   404   403   403   403   403   403   ok    404   401   401   401
updateUser managed, suspend     401   404   403   403   403   404   404   404   404   404   404   ok    404   401   401   401
updateUser service, suspend     401   403   404   404   404   404   403   403   403   403   403   ok    404   401   401   401
updateUser superuser, demote    401   404   404   404   404   404   404   404   404   404   404   ok    scope 401   401   401
updateUser reserved, suspend    401   404   404   404   404   404   404   404   404   404   404   prot  404   401   401   401
updateManagedUser managed       401   404   ok    404   404   404   404   404   404   404   403   ok    404   401   401   401
updateManagedUser person        401   404   404   404   404   404   404   404   404   404   403   404   404   401   401   401
createUser                      401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
createManagedUser               401   ok    ok    ok    ok    ok    ok    ok    ok    ok    403   ok    ok    401   401   401
createServiceAccount            401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
addEmail                        401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    403   401   401   401
addEmail for person             401   ok    404   403   403   404   403   403   403   403   403   ok    404   401   401   401
requestEmailVerification person 401   ok    404   403   404   404   404   404   404   404   404   ok    404   401   401   401
verifyEmail person              401   code  404   403   404   404   404   404   404   404   404   code  404   401   401   401
removeEmail person              401   ok    404   403   404   404   404   404   404   404   404   ok    404   401   401   401
removeEmail managed             401   404   ok    403   404   404   404   404   404   404   404   ok    404   401   401   401
makeEmailDefault person         401   ok    404   403   404   404   404   404   404   404   404   ok    404   401   401   401
addPhoneNumber                  401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    403   401   401   401
addPhoneNumber for person       401   ok    404   403   403   404   403   403   403   403   403   ok    404   401   401   401
requestPhoneVerification person 401   ok    404   403   404   404   404   404   404   404   404   ok    404   401   401   401
verifyPhoneNumber person        401   code  404   403   404   404   404   404   404   404   404   code  404   401   401   401
removePhoneNumber person        401   ok    404   403   404   404   404   404   404   404   404   ok    404   401   401   401
removePhoneNumber managed       401   404   ok    403   404   404   404   404   404   404   404   ok    404   401   401   401
makePhoneNumberPrimary person   401   ok    404   403   404   404   404   404   404   404   404   ok    404   401   401   401
unlinkIdentity person           401   ok    404   403   404   404   404   404   404   404   404   ok    404   401   401   401
unlinkIdentity managed          401   404   403   403   404   404   404   404   404   404   404   ok    404   401   401   401
createApiToken for oneself      401   ok    ok    ok    ok    ok    ok    ok    ok    ok    403   ok    ok    401   401   401
createApiToken for person       401   ok    404   403   403   404   403   403   403   403   403   403   404   401   401   401
createApiToken for managed      401   404   403   403   403   404   404   404   404   404   404   403   404   401   401   401
createApiToken for service      401   403   404   404   404   404   403   ok    ok    ok    403   ok    404   401   401   401
createApiToken for organization 401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
rotateApiToken person           401   ok    404   404   404   404   404   404   404   404   404   403   404   401   401   401
rotateApiToken organization     401   404   404   404   404   404   404   ok    ok    404   404   ok    404   401   401   401
revokeApiToken person           401   ok    404   404   404   404   404   404   404   404   404   ok    404   401   401   401
revokeApiToken service          401   404   404   404   404   404   404   ok    ok    ok    404   ok    404   401   401   401
revokeApiToken organization     401   404   404   404   404   404   404   ok    ok    404   404   ok    404   401   401   401
registerSigningKey              401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
retireSigningKey                401   404   404   404   404   404   404   ok    ok    404   404   ok    404   401   401   401
createWebhook for organization  401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
createWebhook for operator      401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
updateWebhook org               401   404   404   404   404   404   404   ok    ok    404   404   ok    404   401   401   401
updateWebhook operator          401   404   404   404   404   404   404   404   404   404   404   ok    404   401   401   401
rotateWebhookSecret org         401   404   404   404   404   404   404   ok    ok    404   404   ok    404   401   401   401
rotateWebhookSecret operator    401   404   404   404   404   404   404   404   404   404   404   ok    404   401   401   401
deleteWebhook org               401   404   404   404   404   404   404   ok    ok    404   404   ok    404   401   401   401
deleteWebhook operator          401   404   404   404   404   404   404   404   404   404   404   ok    404   401   401   401
redeliverWebhook org            401   404   404   404   404   404   404   ok    ok    404   404   ok    404   401   401   401
redeliverWebhook operator       401   404   404   404   404   404   404   404   404   404   404   ok    404   401   401   401
revokeSession person            401   ok    404   404   404   404   404   404   404   404   404   ok    404   401   401   401
revokeSession person, in use    401   ok    404   404   404   404   404   404   404   404   404   ok    404   401   401   401
revokeSession person, expired   401   404   404   404   404   404   404   404   404   404   404   404   404   401   401   401
revokeSession managed           401   404   404   404   404   404   404   404   404   404   404   ok    404   401   401   401
revokeSession superuser         401   404   404   404   404   404   404   404   404   404   404   ok    ok    401   401   401
revokeSession internal          401   404   404   404   404   404   404   404   404   404   404   404   404   401   401   401
registerOAuthClient             401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
updateOAuthClient               401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
rotateOAuthClientSecret         401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
revokeOAuthClient               401   403   403   403   403   403   403   403   403   403   403   ok    scope 401   401   401
withdrawConsent                 401   ok    404   404   404   404   404   404   404   404   403   404   404   401   401   401
shareAccess                     401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    403   401   401   401
revokeAccess given              401   ok    404   404   404   404   404   404   404   404   403   404   404   401   401   401
revokeAccess received           401   404   404   ok    ok    404   404   404   404   404   403   404   404   401   401   401
delegatedToken person           401   403   404   ok    ok    404   403   403   403   403   403   403   404   401   401   401
delegatedToken managed          401   404   ok    ok    ok    404   404   404   404   404   403   403   404   401   401   401
createDataRecord                401   ok    ok    ok    ok    ok    ok    ok    ok    ok    403   ok    ok    401   401   401
createDataRecord for person     401   ok    404   403   403   404   403   403   403   403   403   ok    404   401   401   401
createDataRecord for managed    401   404   ok    403   403   404   404   404   404   404   404   ok    404   401   401   401
createDataRecord for service    401   403   404   404   404   404   403   ok    ok    ok    403   ok    404   401   401   401
importDataRecords               401   ok    ok    ok    ok    ok    ok    ok    ok    ok    403   ok    ok    401   401   401
importDataRecords for person    401   ok    404   403   403   404   403   403   403   403   403   ok    404   401   401   401
importDataRecords for managed   401   404   ok    403   403   404   404   404   404   404   404   ok    404   401   401   401
replaceDataRecord person        401   ok    404   403   403   404   404   404   404   404   404   ok    404   401   401   401
replaceDataRecord managed       401   404   ok    403   403   404   404   404   404   404   404   ok    404   401   401   401
deleteDataRecord person         401   ok    404   403   403   404   404   404   404   404   404   ok    404   401   401   401
deleteDataRecord managed        401   404   ok    403   403   404   404   404   404   404   404   ok    404   401   401   401
exportMe                        401   ok    ok    ok    ok    ok    ok    ok    ok    403   403   ok    403   401   401   401
exportUser person               401   ok    404   403   403   404   403   403   403   403   403   ok    404   401   401   401
exportUser managed              401   404   ok    403   403   404   404   404   404   404   404   ok    404   401   401   401
exportUser service              401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
deleteMe                        401   ok    ok    ok    ok    ok    ok    ok    last  403   403   ok    ok    401   401   401
deleteUser person               401   ok    404   403   403   404   403   403   403   403   403   ok    404   401   401   401
deleteUser managed              401   404   ok    403   403   404   404   404   404   404   404   ok    404   401   401   401
deleteUser service              401   403   404   404   404   404   403   ok    ok    403   403   ok    404   401   401   401
deleteUser internal             401   404   404   404   404   404   404   404   404   404   404   404   404   401   401   401
deleteUser reserved             401   404   404   404   404   404   404   404   404   404   404   prot  404   401   401   401
deleteUser owner                401   403   404   404   404   404   403   403   last  403   403   last  404   401   401   401
deleteManagedUser managed       401   404   ok    404   404   404   404   404   404   404   403   ok    404   401   401   401
deleteManagedUser person        401   404   404   404   404   404   404   404   404   404   403   404   404   401   401   401
restoreUser person              401   404   404   404   404   404   404   404   404   404   404   404   404   401   401   401
restoreMe                       code  code  code  code  code  code  code  code  code  code  code  code  code  401   401   401
`;

const outcomes = {
  /** Allowed, and the subject is in the answer. */
  ok: 'ok',
  /** The answer is null: for the actor there is no such thing. */
  null: 'null',
  /** The list is empty, or does not hold the subject. */
  none: 'none',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  scope: 'INSUFFICIENT_SCOPE',
  cred: 'INVALID_CREDENTIALS',
  code: 'INVALID_CODE',
  used: 'INVALID_REFRESH_TOKEN',
  shut: 'SIGN_UP_REFUSED',
  prot: 'PROTECTED_ACCOUNT',
  last: 'LAST_OWNER',
} as const;

export type Outcome = (typeof outcomes)[keyof typeof outcomes];

export interface ExpectedRow {
  readonly name: string;
  /** The outcome for each actor. */
  readonly cells: ReadonlyMap<string, Outcome | undefined>;
}

/** Reads the table. Words are cells from the right, so the name of a row may have several. */
export function readTable(): readonly ExpectedRow[] {
  const [heading = '', ...lines] = table.trim().split('\n');
  const columns = heading.trim().split(/\s+/);
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    const name = words.slice(0, -columns.length).join(' ');
    const cells = words.slice(-columns.length).map((word) => outcomes[word as keyof typeof outcomes]);
    return { name, cells: new Map(columns.map((column, index) => [column, cells[index]])) };
  });
}
