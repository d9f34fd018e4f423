/** Writes an archive as JSON while it is read, so that it needs no more memory for an account that has more. */
import type { Context } from '../context.ts';
import { archiveSchemaPath } from './export-archive.ts';
import { readSection, sections } from './export-sections.ts';

/** An export that cannot be finished: the account went away while it was read. */
class ExportInterruptedError extends Error {
  override readonly name = 'ExportInterruptedError';
}

/** The text of an archive, in pieces, as far as it is asked for: nothing is held between two of them. */
export async function* writeArchive(
  { prisma, issuer }: Pick<Context, 'prisma' | 'issuer'>,
  { id, userId, exportedAt }: { id: string; userId: string; exportedAt: Date },
): AsyncGenerator<string, void, void> {
  const head = {
    $schema: issuer + archiveSchemaPath,
    format: 'usergraph-export',
    formatVersion: 1,
    exportId: id,
    exportedAt,
    account: await readAccount(prisma, userId),
  };
  yield JSON.stringify(head).slice(0, -1);
  for (const [name, section] of Object.entries(sections)) {
    let separator = '';
    yield `,\n"${name}":[`;
    for await (const rows of readSection(prisma, userId, section)) {
      yield separator + rows.map((row) => JSON.stringify(row)).join(',\n');
      separator = ',\n';
    }
    yield ']';
  }
  // An archive that ends as it should is whole: what was erased meanwhile would be missing in it.
  await readAccount(prisma, userId);
  yield '}\n';
}

async function readAccount(prisma: Context['prisma'], userId: string): Promise<object> {
  const row = await prisma.user.findFirst({
    where: { id: userId, status: 'ACTIVE' },
    omit: { sortName: true, searchNames: true },
    include: { password: { select: { updatedAt: true } } },
  });
  if (row === null) throw new ExportInterruptedError('The account went away while it was exported.');
  const { password, ...account } = row;
  return { ...account, passwordSetAt: password?.updatedAt ?? null };
}
