const jsonTypes = ['application/json', 'application/graphql-response+json'];

/**
 * Whether a browser is asking for a page. Only a client that names `text/html` gets one; with equal preference a
 * request that carries a query is answered with its result.
 */
export function prefersHtml(accept: string | null, hasQuery: boolean): boolean {
  const weights = parseWeights(accept);
  const page = weights.get('text/html') ?? 0;
  const json = Math.max(...jsonTypes.map((type) => weights.get(type) ?? 0));
  return page > 0 && (hasQuery ? page > json : page >= json);
}

export type Encoding = 'br' | 'gzip';

/** The smallest encoding that the client accepts, or none. */
export function preferredEncoding(acceptEncoding: string | null): Encoding | undefined {
  const weights = parseWeights(acceptEncoding);
  const accepts = (encoding: Encoding) => (weights.get(encoding) ?? weights.get('*') ?? 0) > 0;
  return (['br', 'gzip'] as const).find(accepts);
}

function parseWeights(header: string | null): Map<string, number> {
  const entries = (header ?? '').split(',').map((entry): [string, number] => {
    const [name = '', ...parameters] = entry.toLowerCase().split(';');
    const weight = parameters.map((parameter) => parameter.trim()).find((text) => text.startsWith('q='));
    return [name.trim(), weight === undefined ? 1 : Number(weight.slice(2)) || 0];
  });
  return new Map(entries);
}
