/** Walks through a list, page by page, as a client does. */

export interface PageArgs {
  readonly first?: number;
  readonly after?: string | null;
  readonly last?: number;
  readonly before?: string | null;
}

export interface Page {
  readonly totalCount: number;
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor?: string | null;
    readonly endCursor?: string | null;
  };
}

export type ReadPage = (args: PageArgs) => Promise<Page>;

/** What a page must select for a walk. */
export const pageSelection = `
  totalCount
  edges { cursor node { id } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;

const ids = (page: Page) => page.edges.map(({ node }) => node.id);

/** All ids from the first page to the last. `between` runs after each page, for what changes meanwhile. */
export async function walkForward(
  read: ReadPage,
  size: number,
  between: () => Promise<void> = async () => {},
): Promise<string[]> {
  const seen: string[] = [];
  for (let after: string | null = null; ; ) {
    const page: Page = await read({ first: size, after });
    checkPage(page, size);
    seen.push(...ids(page));
    if (!page.pageInfo.hasNextPage) return seen;
    after = page.pageInfo.endCursor ?? null;
    await between();
  }
}

/** All ids from the last page to the first, in the order of the list. */
export async function walkBackward(read: ReadPage, size: number): Promise<string[]> {
  const seen: string[] = [];
  for (let before: string | null = null; ; ) {
    const page: Page = await read({ last: size, before });
    checkPage(page, size);
    seen.unshift(...ids(page));
    if (!page.pageInfo.hasPreviousPage) return seen;
    before = page.pageInfo.startCursor ?? null;
  }
}

function checkPage({ edges, pageInfo }: Page, size: number): void {
  if (edges.length > size) throw new Error(`${edges.length} rows on a page of ${size}`);
  if (pageInfo.startCursor !== (edges.at(0)?.cursor ?? null)) throw new Error('startCursor is not the first');
  if (pageInfo.endCursor !== (edges.at(-1)?.cursor ?? null)) throw new Error('endCursor is not the last');
  if ((pageInfo.hasNextPage || pageInfo.hasPreviousPage) && edges.length === 0)
    throw new Error('an empty page');
}
