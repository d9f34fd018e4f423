import { type DemoAccount, demoAccounts } from '../demo/people.ts';
import type { RunningServer } from '../main.ts';
import { version } from '../version.ts';

/** Tells a person at the terminal where to go. */
export function renderWelcome({
  url,
  database,
  demo,
}: Pick<RunningServer, 'url' | 'database' | 'demo'>): string {
  const places = [
    ['URL', url],
    ['GraphiQL', `${url}/graphql`],
    ['Database', database.description],
  ];
  const note = demo === 'kept' ? ' (their passwords may have been changed since)' : '';
  const accounts = demo === 'none' ? '' : `\nDemo accounts${note}\n${renderAccounts(demoAccounts)}`;
  return `\nUsergraph ${version} is running.\n${renderTable(places)}${accounts}\n`;
}

export function renderAccounts(accounts: readonly DemoAccount[]): string {
  const rows = accounts.map(({ login, password, role }) => [login, password ?? '–', role]);
  return renderTable([['Login', 'Password', 'Role'], ...rows]);
}

export function renderTable(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widthOf(column)))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `  ${line}\n`).join('');
}
