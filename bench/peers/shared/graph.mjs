/** The part of the graph that the peers serve, for those that are given it as text. */
export const typeDefs = /* GraphQL */ `
  interface Node {
    id: ID!
  }
  type Organization implements Node {
    id: ID!
    name: String!
  }
  type OrganizationConnection {
    nodes: [Organization!]!
  }
  type User implements Node {
    id: ID!
    username: String
    name: String
    firstName: String
    lastName: String
    displayName: String!
    email: String
    company: String
    jobTitle: String
    version: Int!
    createdAt: String!
    updatedAt: String!
    organizations: OrganizationConnection!
  }
  type UserConnection {
    nodes: [User!]!
  }
  input UpdateMeInput {
    jobTitle: String
  }
  type UpdateMeSuccess {
    user: User!
  }
  type Query {
    me: User
    users(first: Int = 25): UserConnection!
    node(id: ID!): Node
  }
  type Mutation {
    updateMe(input: UpdateMeInput!): UpdateMeSuccess!
  }
`;

/** @throws for who is not signed in */
export function requireCaller({ caller }) {
  if (caller === null) throw new Error('not signed in');
  return caller;
}

/** @throws for who may not see the accounts of others */
export function requireSuperuser(context) {
  if (!requireCaller(context).isSuperuser) throw new Error('not allowed');
}
