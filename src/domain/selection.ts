/** What queries of every model have in common when their selection is made elsewhere. */

/** Adds columns that are needed besides the asked ones; a query that includes relations has all columns already. */
export function selecting<Query extends { readonly select?: object }>(query: Query, columns: object): Query {
  return query.select ? { ...query, select: { ...query.select, ...columns } } : query;
}

/** The rows in the order of their ids; null for each that is not there. */
export function inOrder<Row extends { id: string }>(
  ids: readonly string[],
  rows: readonly Row[],
): (Row | null)[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}
