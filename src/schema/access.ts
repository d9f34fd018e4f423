/** What the policy says of a loaded account, for the fields that depend on it. */
import type { Context } from '../context.ts';
import { type AccountRow, accountSelect, toAccount } from '../domain/accounts.ts';
import { type AccountAction, decide } from '../domain/policy.ts';

/** What a field must select for `may` to answer. */
export function policySelect(context: Context) {
  return accountSelect(context.actor);
}

export function may(context: Context, action: AccountAction, row: AccountRow): boolean {
  return decide(context.actor, action, toAccount(row, context.now())).allowed;
}
