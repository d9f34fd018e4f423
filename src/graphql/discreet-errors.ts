import { GraphQLError } from 'graphql';

/**
 * What GraphQL says of a document or its variables, without the values that it found there: one of them may be a
 * password in the wrong place. What was expected, and where, remains.
 */
export function discreetMessage({ message, originalError }: GraphQLError): string {
  const variable = /^Variable "\$\w+" got invalid value /.exec(message)?.[0];
  if (variable === undefined) return withoutValue(message);
  const reason = originalError?.message ?? '';
  const place = / at "[\w.[\]]+"$/.exec(message.slice(0, -`; ${reason}`.length))?.[0] ?? '';
  return `${variable.replace('got', 'got an').trimEnd()}${place}; ${withoutValue(reason)}`;
}

/** How a value ends, or the whole of a message, in GraphQL's own words. */
const repeating: readonly (readonly [RegExp, string])[] = [
  [/^(Syntax Error: [\s\S]*?\b(?:Name|Int|Float|String|BlockString|Comment)) "[\s\S]*"\.$/, '$1.'],
  [/^(Expected value of type "[^"]*"), found [\s\S]*$/, '$1.'],
  [/^(Argument "\w+" has invalid value) [\s\S]*$/, '$1.'],
  [/^Value "[\s\S]*?" does not exist in /, 'The value does not exist in '],
  [/^((?:Expected type "\w+"\. )?(?:Enum "\w+"|\w+) cannot represent [\w -]*value): [\s\S]*$/, '$1.'],
];

function withoutValue(message: string): string {
  return repeating.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), message);
}

/** The same error in discreet words. */
export function discreet(error: GraphQLError): GraphQLError {
  const { nodes, source, positions, path, originalError, extensions } = error;
  const message = discreetMessage(error);
  if (message === error.message) return error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    originalError: originalError ?? null,
    extensions,
  });
}
