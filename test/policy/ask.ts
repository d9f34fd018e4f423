import { type ErrorCode, errorRegistry } from '../../src/errors.ts';
import type { Answer, Client } from '../setup/app.ts';

/** The variables that a mutation may name, with their types: `input` is of the mutation's own type. */
const typeOf = (field: string) => ({
  id: 'ID!',
  input: `${field.charAt(0).toUpperCase()}${field.slice(1)}Input!`,
});

/** Runs one mutation, such as `updateUser(id: $id, input: $input)`. @returns `ok`, or the code of what refused it */
export async function ask(
  client: Client,
  call: string,
  variables: { id?: string; input?: object } = {},
): Promise<string> {
  const field = call.split('(')[0] ?? call;
  const types = Object.entries(typeOf(field)).filter(([name]) => name in variables);
  const declared = types.map(([name, type]) => `$${name}: ${type}`).join(', ');
  const error = field === 'signOut' ? '' : '... on Error { code }';
  const { data, errors, text } = await client.send<{ found: { __typename: string; code?: string } }, object>(
    `mutation ${declared && `(${declared})`} { found: ${call} { __typename ${error} } }`,
    variables,
  );
  if (errors[0]) return requestError(errors[0]);
  const { __typename: type, code } = data.found;
  if (code === undefined && !type.endsWith('Success'))
    throw new Error(`neither a success nor an error: ${text}`);
  return code ?? 'ok';
}

/** The code of a top-level error. One that the registry tells as data has no place there. */
export function requestError({ extensions }: Answer<unknown>['errors'][number]): string {
  const code = extensions.code as ErrorCode;
  return errorRegistry[code]?.as === 'data' ? `${code}, but not as data` : code;
}
