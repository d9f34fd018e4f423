import type { Context } from '../context.ts';
import { accountSelect, visibleWhere } from './accounts.ts';
import { requireCaller } from './caller.ts';
import { type AccountAction, type Decision, explain, type Relation, type Scope } from './policy.ts';

export interface AccessExplanation {
  readonly allowed: boolean;
  readonly relation: Relation;
  readonly message: string;
  readonly code: Exclude<Decision, { allowed: true }>['code'] | null;
  readonly missingScope: Scope | null;
}

const reasons: Record<Relation, string> = {
  self: 'It is your own account.',
  delegate: 'You act for this account, which lent you this.',
  superuser: 'You are a superuser.',
  manager: 'You manage this account.',
  operator: 'You run the organization that this account belongs to.',
  grantee: 'The account shares this with you.',
  other: 'Whoever sees this account may do this.',
};

/** What the policy says of an action on an account, and why; null for an account that the actor cannot see. */
export async function explainAccess(
  context: Context,
  { userId, action }: { userId: string; action: AccountAction },
): Promise<AccessExplanation | null> {
  requireCaller(context);
  const where = { AND: [{ id: userId }, visibleWhere(context)] };
  const account = await context.prisma.user.findFirst({ where, select: accountSelect });
  if (account === null) return null;
  const { relation, decision } = explain(context.actor, action, account);
  if (decision.allowed)
    return { allowed: true, relation, message: reasons[relation], code: null, missingScope: null };
  const { code, message, scope } = decision;
  return { allowed: false, relation, message, code, missingScope: scope ?? null };
}
