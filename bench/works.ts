/** What is measured: the requests, the same for all who can answer them. */
import type { BenchAccount, Call, Work, WorkName } from './peer.ts';
import { encodeId } from './peers/shared/ids.mjs';

export const descriptions: Record<WorkName, string> = {
  me: 'GraphQL `me` with its organizations, each request with the token of another account',
  users: 'GraphQL `users(first: 100)`, ten fields and the organizations of each, as a superuser',
  node: 'GraphQL `node(id)` of another account each time, as a superuser',
  updateMe: 'GraphQL `updateMe`, each request by another account and with a new value',
  current: 'REST `GET /core/v1/users/current` (Katapult)',
  profile: 'REST `GET /me` (Bird)',
  sweatstack: 'REST `GET /api/v1/users/` (SweatStack)',
  zenml: 'REST `GET /users?limit=100` (ZenML), as a superuser',
};

/** What changes something, so that its answers differ from one time to the next. */
export const isChange = (work: WorkName): boolean => work === 'updateMe';

const documents = {
  me: '{ me { id name email organizations { nodes { id name } } } }',
  users:
    '{ users(first: 100) { nodes { id username name firstName lastName displayName company jobTitle createdAt updatedAt organizations { nodes { id name } } } } }',
  node: 'query ($id: ID!) { node(id: $id) { id ... on User { name displayName } } }',
  updateMe:
    'mutation ($input: UpdateMeInput!) { updateMe(input: $input) { ... on UpdateMeSuccess { user { id version } } } }',
};

export const restPaths = {
  current: '/core/v1/users/current',
  profile: '/me',
  sweatstack: '/api/v1/users/',
  zenml: '/users?limit=100',
};

let changes = 0;
const jobTitles = ['Engineer', 'Designer', 'Analyst', 'Researcher', 'Writer'];

/** A title that the account does not have yet. */
function nextTitle(): string {
  changes += 1;
  return `${jobTitles[changes % jobTitles.length]} ${changes} ${process.pid}`;
}

const isSuperusers = (work: WorkName) => work === 'users' || work === 'node' || work === 'zenml';

/** The request as the product takes it, and every peer that serves the same graph or the same paths. */
export function productCall({ name }: Work, { id, token, adminToken }: BenchAccount): Call {
  const authorization = `Bearer ${isSuperusers(name) ? adminToken : token}`;
  if (name in restPaths)
    return { method: 'GET', path: restPaths[name as keyof typeof restPaths], headers: { authorization } };
  const variables =
    name === 'node'
      ? { id: encodeId('user', id) }
      : name === 'updateMe'
        ? { input: { jobTitle: nextTitle() } }
        : undefined;
  return {
    method: 'POST',
    path: '/graphql',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ query: documents[name as keyof typeof documents], variables }),
  };
}
