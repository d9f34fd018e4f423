/** The three update inputs, each with who sends it. */
import { graphql } from '../generated/index.ts';
import type { Answer, Client, TestApp } from '../setup/app.ts';
import { clientOf, createManaged, createPerson } from './accounts.ts';

graphql(`
  fragment AccountFacts on User {
    id
    version
    updatedAt
    name
    firstName
    lastName
    bio
    company
    jobTitle
    avatarUrl
    metadata
    locale
    timeZone
    username
    email
    phoneNumber
    status
    isSuperuser
    emails {
      address
      isDefault
      isVerified
    }
    phoneNumbers {
      number
      isPrimary
      isVerified
    }
  }
`);

graphql(`
  fragment WhyNot on Error {
    __typename
    code
    path
    message
    ... on InvalidInputError {
      problems {
        path
        code
        message
      }
    }
    ... on ConflictError {
      currentVersion
    }
  }
`);

const updateMe = graphql(`
  mutation UpdateMe($input: UpdateMeInput!) {
    result: updateMe(input: $input) {
      __typename
      ... on UpdateMeSuccess {
        user {
          ...AccountFacts
        }
      }
      ...WhyNot
    }
  }
`);

export const updateUser = graphql(`
  mutation UpdateUser($id: ID!, $input: UpdateUserInput!) {
    result: updateUser(id: $id, input: $input) {
      __typename
      ... on UpdateUserSuccess {
        user {
          ...AccountFacts
        }
      }
      ...WhyNot
    }
  }
`);

const updateManagedUser = graphql(`
  mutation UpdateManagedUser($id: ID!, $input: UpdateManagedUserInput!) {
    result: updateManagedUser(id: $id, input: $input) {
      __typename
      ... on UpdateManagedUserSuccess {
        user {
          ...AccountFacts
        }
      }
      ...WhyNot
    }
  }
`);

const readAccount = graphql(`
  query ReadAccount($id: ID!) {
    user(by: { id: $id }) {
      ...AccountFacts
    }
  }
`);

export type Problem = { readonly path: readonly string[]; readonly code: string; readonly message: string };
export type Facts = Record<string, unknown> & { readonly version: number };

/** The result of an update, whichever of the three it was. */
export interface Result {
  readonly __typename: string;
  readonly user?: Facts;
  readonly code?: string;
  readonly path?: readonly string[];
  readonly message?: string;
  readonly problems?: readonly Problem[];
  readonly currentVersion?: number;
}

/** An account that one of the inputs updates. */
export interface Subject {
  readonly id: string;
  readonly uuid: string;
  readonly client: Client;
  update(input: Record<string, unknown>): Promise<Answer<{ result: Result }>>;
  read(): Promise<Facts>;
}

/** Who sends each input, and to which account: a fresh one with a value in every field. */
export const updateInputs: Record<string, (app: TestApp) => Promise<Subject>> = {
  async UpdateMeInput(app) {
    const person = await createPerson(app);
    const client = await clientOf(app, person.uuid);
    return subject(app, { ...person, client }, (input) => client.send(updateMe, { input }));
  },
  async UpdateUserInput(app) {
    const person = await createPerson(app);
    const client = await app.as('admin');
    return subject(app, { ...person, client }, (input) => client.send(updateUser, { id: person.id, input }));
  },
  async UpdateManagedUserInput(app) {
    const client = await app.as('ada');
    const { id, uuid } = await createManaged(client);
    return subject(app, { id, uuid, client }, (input) => client.send(updateManagedUser, { id, input }));
  },
};

function subject(
  app: TestApp,
  of: Pick<Subject, 'id' | 'uuid' | 'client'>,
  send: (input: never) => Promise<Answer<{ result: object }>>,
): Subject {
  return {
    ...of,
    update: async (input) => (await send(input as never)) as Answer<{ result: Result }>,
    async read() {
      const { user } = await (await app.as('admin')).run(readAccount, { id: of.id });
      if (!user) throw new Error(`no account ${of.id}`);
      return user;
    },
  };
}
