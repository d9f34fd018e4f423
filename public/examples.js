// What the editor holds on a first visit: one tab each.

const me = `# Welcome to Usergraph. Sign in above, then
# press Ctrl-Enter to run this query.
#
# Docs, the book at the left edge, describes
# every type and field. Explorer, below it,
# builds a query from the fields you tick.
#
# Ctrl-Space completes, Shift-Ctrl-P prettifies.

query Me {
  me {
    id
    displayName
    username
    kind
    status
    emails {
      address
      isDefault
      isVerified
    }
    activeSessionCount
    organizations(first: 10) {
      edges {
        role
        node {
          id
          name
          subDomain
        }
      }
    }
    managedUsers(first: 10) {
      totalCount
      nodes {
        id
        displayName
      }
    }
    viewerCanUpdate
    viewerCanDelete
  }
}
`;

const users = `# The accounts that you work with; all of them
# if you are a superuser. For the next page, add
#
#     after: "<the endCursor of this page>"
#
# What else can be filtered and sorted by stands
# in Docs, under Query and users.

query Users {
  users(
    first: 10
    filter: { isActive: true }
    orderBy: { field: NAME, direction: ASC }
  ) {
    totalCount
    nodes {
      id
      displayName
      username
      email
      kind
      status
      company
      createdAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

export const exampleTabs = [{ query: me }, { query: users }];
