/** Everything with a secret that the graph does, as it should be done, and as it fails. */
import { generateKeyPairSync } from 'node:crypto';
import { encodeId } from '../../../src/domain/ids.ts';
import { forge, now } from '../forge.ts';
import {
  addPerson,
  codeSentTo,
  invitationSentTo,
  newPasswordOf,
  type Person,
  signInAs,
  undoCodeSentTo,
  wrongCode,
} from './people.ts';
import { publicUrl, type Run } from './run.ts';

const error = '... on Error { code message }';
const problems = '... on InvalidInputError { problems { path code message } }';
const session = 'token refreshToken accessToken { token }';

const documents = {
  refreshSession: `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { __typename
    ... on RefreshSessionSuccess { refreshToken accessToken { token } } ${error} } }`,
  changePassword: `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename ${error} ${problems} } }`,
  requestPasswordReset: `mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }`,
  resetPassword: `mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { __typename ${error} ${problems} } }`,
  addEmail: `mutation ($input: AddEmailInput!) { addEmail(input: $input) { __typename ... on AddEmailSuccess { email { id } } ${error} } }`,
  verifyEmail: `mutation ($id: ID!, $input: VerifyEmailInput!) { verifyEmail(id: $id, input: $input) { __typename ${error} } }`,
  addPhoneNumber: `mutation ($input: AddPhoneNumberInput!) { addPhoneNumber(input: $input) { __typename ... on AddPhoneNumberSuccess { phoneNumber { id } } ${error} } }`,
  verifyPhoneNumber: `mutation ($id: ID!, $input: VerifyPhoneNumberInput!) { verifyPhoneNumber(id: $id, input: $input) { __typename ${error} } }`,
  createInvitation: `mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { __typename ... on CreateInvitationSuccess { secret } } }`,
  signUp: `mutation ($input: SignUpInput!) { signUp(input: $input) { __typename ... on SignUpSuccess { ${session} } ${error} ${problems} } }`,
  inviteMember: `mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { __typename ... on InviteMemberSuccess { invitation { id email } } } }`,
  acceptInvitation: `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { __typename ${error} ${problems} } }`,
  createApiToken: `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { __typename
    ... on CreateApiTokenSuccess { secret apiToken { id prefix } } ${problems} } }`,
  rotateApiToken: `mutation ($input: RotateApiTokenInput!) { rotateApiToken(input: $input) { __typename
    ... on RotateApiTokenSuccess { secret apiToken { id prefix } } } }`,
  delegatedToken: `mutation ($input: DelegatedTokenInput!) { delegatedToken(input: $input) { __typename
    ... on DelegatedTokenSuccess { refreshToken accessToken { token } } ${error} } }`,
  createWebhook: `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { __typename
    ... on CreateWebhookSuccess { secret webhook { id url } } ${problems} } }`,
  rotateWebhookSecret: `mutation ($id: ID!) { rotateWebhookSecret(id: $id) { __typename
    ... on RotateWebhookSecretSuccess { secret webhook { id url } } ... on Error { message } } }`,
  deleteMe: `mutation { deleteMe { __typename ... on DeleteMeSuccess { undoCode erasure { id } } } }`,
  deleteUser: `mutation ($id: ID!) { deleteUser(id: $id) { __typename ... on DeleteUserSuccess { undoCode } } }`,
  restoreMe: `mutation ($input: RestoreMeInput!) { restoreMe(input: $input) { __typename ${error} } }`,
  registerSigningKey: `mutation ($input: RegisterSigningKeyInput!) { registerSigningKey(input: $input) { __typename
    ... on RegisterSigningKeySuccess { signingKey { id keyId publicJwk } } ${problems} } }`,
};

export const viewer = '{ viewer { user { id } credential { kind id } } }';

/** Does everything, and answers with credentials that are good still. */
export async function driveGraph(run: Run) {
  const person = await addPerson(run);
  await driveSessions(run, person);
  await drivePasswords(run, await addPerson(run));
  await driveContacts(run, person);
  await driveSignUp(run);
  await driveMembers(run);
  const apiToken = await driveApiTokens(run);
  await driveDelegation(run);
  await driveWebhooks(run);
  await driveExport(run);
  await driveDeletion(run);
  const capability = await driveSigningKeys(run);
  for (const secret of [apiToken, capability]) await run.app.withToken(secret).send(viewer);
  return { person, apiToken, capability };
}

async function driveSessions(run: Run, { username, password }: Person) {
  const { app, graph } = run;
  const wrong = newPasswordOf(run, 'that is wrong');
  for (const login of [username, 'nobody', 'margaret', 'linus@example.com', password])
    await signInAs(run, login, wrong);
  const { token, refreshToken, accessToken } = await signInAs(run, username, password);
  const refresh = (value: string) =>
    graph(app.anonymous, documents.refreshSession, { input: { refreshToken: value } });
  const { refreshSession: next } = await refresh(refreshToken);
  for (const secret of [token, accessToken.token, next.accessToken.token])
    await app.withToken(secret).send(viewer);
  await refresh(token);
  app.clock.offset += 31_000;
  await refresh(refreshToken); // again, after the grace: it ends the session
  for (const secret of [next.refreshToken, token]) await refresh(secret);
  for (const secret of [token, accessToken.token, refreshToken]) await app.withToken(secret).send(viewer);
}

async function drivePasswords(run: Run, { username, email, password }: Person) {
  const { app, graph } = run;
  const { token } = await signInAs(run, username, password);
  const change = (currentPassword: string, newPassword: string) =>
    graph(app.withToken(token), documents.changePassword, { input: { currentPassword, newPassword } });
  const next = newPasswordOf(run, 'chosen next');
  await change(newPasswordOf(run, 'that is not the current one'), next);
  await change(password, run.keep('a password that is too long', 'long and secret '.repeat(200)));
  await change(password, next);
  await graph(app.anonymous, documents.requestPasswordReset, { input: { login: username } });
  const code = await codeSentTo(run, email);
  const reset = (of: string, newPassword: string) =>
    graph(app.anonymous, documents.resetPassword, { input: { login: username, code: of, newPassword } });
  const last = newPasswordOf(run, 'set by a code');
  await reset(wrongCode(run, code), last);
  await reset(code, run.keep('a password that is too short', 'short17'));
  await reset(code, last);
  await reset(code, last);
}

async function driveContacts(run: Run, { username, password }: Person) {
  const { app, graph } = run;
  const client = app.withToken((await signInAs(run, username, password)).token);
  const [address, number] = ['second-address@example.org', '+14155552671'];
  const { addEmail } = await graph(client, documents.addEmail, { input: { address } });
  const { addPhoneNumber } = await graph(client, documents.addPhoneNumber, { input: { number } });
  const proofs = [
    [documents.verifyEmail, addEmail.email.id, await codeSentTo(run, address)],
    [documents.verifyPhoneNumber, addPhoneNumber.phoneNumber.id, await codeSentTo(run, number)],
  ] as const;
  for (const [document, id, code] of proofs)
    for (const tried of [wrongCode(run, code), code, code])
      await graph(client, document, { id, input: { code: tried } });
}

async function driveSignUp(run: Run) {
  const { app, graph } = run;
  const admin = await app.as('admin');
  const invite = async (input: object) =>
    (await graph(admin, documents.createInvitation, { input })).createInvitation.secret as string;
  const invitation = await invite({});
  const password = newPasswordOf(run, 'of a newcomer');
  const email = 'newcomer@example.org';
  const signUp = (input: object) =>
    graph(app.anonymous, documents.signUp, { input: { email, password, invitation, ...input } });
  await signUp({ invitation: null });
  await signUp({ email: 'no address', username: password });
  await signUp({ username: 'ada' });
  await signUp({ invitation: await invite({ email: 'somebody-else@example.org' }) });
  await signUp({});
  await codeSentTo(run, email);
  await signUp({ email: 'another@example.org' }); // used up
}

async function driveMembers(run: Run) {
  const { app, graph } = run;
  const { email, username, password } = await addPerson(run);
  const { id } = await app.database.prisma.organization.findFirstOrThrow({ where: { subDomain: 'acme' } });
  const input = { organizationId: encodeId('Organization', id), email, role: 'MEMBER' };
  await graph(await app.as('ada'), documents.inviteMember, { input });
  const invitation = await invitationSentTo(run, email);
  const client = app.withToken((await signInAs(run, username, password)).token);
  const accept = (code: string) => graph(client, documents.acceptInvitation, { input: { code } });
  await accept(`${invitation}x`);
  await graph(await app.as('ada'), documents.acceptInvitation, { input: { code: invitation } }); // not hers
  await accept(invitation);
  await accept(invitation); // used up
}

async function driveApiTokens(run: Run): Promise<string> {
  const { app, graph } = run;
  const ada = await app.as('ada');
  const found = await app.database.prisma.organization.findFirstOrThrow({ where: { subDomain: 'acme' } });
  const robot = await app.database.prisma.user.findFirstOrThrow({ where: { username: 'ci' } });
  const owners = [undefined, encodeId('User', robot.id), encodeId('Organization', found.id)];
  let last = '';
  for (const ownerId of owners) {
    const input = { name: 'Script', scopes: ['PROFILE', 'DATA_READ'], ownerId };
    const { createApiToken: made } = await graph(ada, documents.createApiToken, { input });
    await app.withToken(made.secret).send(viewer);
    const rotation = { id: made.apiToken.id, overlapMinutes: 10 };
    const { rotateApiToken: rotated } = await graph(ada, documents.rotateApiToken, { input: rotation });
    for (const secret of [made.secret, rotated.secret]) await app.withToken(secret).send(viewer);
    last ||= rotated.secret;
  }
  return last;
}

async function driveDelegation(run: Run) {
  const { app, graph } = run;
  const ada = await app.as('ada');
  const { delegatedToken: acting } = await graph(ada, documents.delegatedToken, {
    input: { userId: await app.idOf('Kit') },
  });
  const client = app.withToken(acting.accessToken.token);
  await client.send(viewer);
  await graph(client, documents.delegatedToken, { input: { userId: await app.idOf('Grace Hopper') } });
  await graph(app.anonymous, documents.refreshSession, { input: { refreshToken: acting.refreshToken } });
}

/** The secrets of a webhook, the second of which signs beside the first. */
async function driveWebhooks({ app, graph, keep }: Run) {
  const admin = await app.as('admin');
  const input = { name: 'Receiver', url: 'https://127.0.0.1.example/hooks' };
  const { createWebhook: made } = await graph(admin, documents.createWebhook, { input });
  keep('whsec_ of a new webhook', made.secret);
  const { rotateWebhookSecret: rotated } = await graph(admin, documents.rotateWebhookSecret, {
    id: made.webhook.id,
  });
  keep('whsec_ of a webhook after a rotation', rotated.secret);
  for (const refused of ['http://example.com/', `https://${made.secret}@example.com/`])
    await graph(admin, documents.createWebhook, { input: { ...input, url: refused } });
}

/** A link to an archive, followed as it is, and where it leads nowhere. */
async function driveExport(run: Run) {
  const { app, graph } = run;
  const { exportMe } = await graph(
    await app.as('ada'),
    'mutation { exportMe { ... on ExportMeSuccess { export { url } } } }',
  );
  const { pathname, search } = new URL(exportMe.export.url);
  await app.fetch(pathname + search);
  await app.fetch(pathname.replace(/.{8}$/, '00000000') + search);
  await app.fetch(pathname + search, { method: 'POST' });
}

/** The code that undoes a deletion: in a message where somebody else deleted the account, else in the answer. */
async function driveDeletion(run: Run) {
  const { app, graph } = run;
  const { id, username, password, email } = await addPerson(run);
  await graph(await app.as('admin'), documents.deleteUser, { id });
  const sent = await undoCodeSentTo(run, email);
  const restore = (code: string) => graph(app.anonymous, documents.restoreMe, { input: { code } });
  for (const tried of [wrongCode(run, sent), sent, sent]) await restore(tried);
  await app.database.prisma.email.updateMany({ where: { address: email }, data: { verifiedAt: null } });
  const { token } = await signInAs(run, username, password);
  const { deleteMe } = await graph(app.withToken(token), documents.deleteMe);
  await restore(deleteMe.undoCode);
}

/** A capability token; and what must never be sent along, the private half of its key. */
async function driveSigningKeys(run: Run): Promise<string> {
  const { app, graph, keep } = run;
  const ada = await app.as('ada');
  const found = await app.database.prisma.organization.findFirstOrThrow({ where: { subDomain: 'acme' } });
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const privateJwk = pair.privateKey.export({ format: 'jwk' });
  keep("the private member of an organization's key", privateJwk.d ?? '');
  const register = (publicJwk: object) =>
    graph(ada, documents.registerSigningKey, {
      input: { organizationId: encodeId('Organization', found.id), name: 'Reports', publicJwk },
    });
  await register(privateJwk);
  await register({ kty: 'oct', k: keep('a symmetric key', 'c2VjcmV0LXNoYXJlZC1rZXktb2YtYS1jbGllbnQ') });
  const { registerSigningKey } = await register(pair.publicKey.export({ format: 'jwk' }));
  const { keyId: kid } = registerSigningKey.signingKey;
  const claims = { iss: found.id, aud: publicUrl, iat: now(), exp: now(600_000), scope: 'profile data:read' };
  const sign = (changed: object) =>
    forge({ alg: 'ES256', typ: 'capability+jwt', kid }, { ...claims, ...changed }, pair.privateKey);
  const over = keep('a capability token that is over', sign({ exp: now(-600_000), iat: now(-900_000) }));
  await app.withToken(over).send(viewer);
  return keep('a capability token', sign({}));
}
