/** What the policy says of a loaded account, for the fields that depend on it. */
import type { Context } from '../context.ts';
import { type Account, type AccountAction, decide } from '../domain/policy.ts';

export function may(context: Context, action: AccountAction, account: Account): boolean {
  return decide(context.actor, action, account).allowed;
}
