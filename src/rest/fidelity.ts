/** What to trust: every operation of every dialect, each answer that it can give, and how that is known. */
import { type Dialect, type Evidence, failuresOf, type Route } from './dialect.ts';

export interface KnownAnswer {
  readonly status: number;
  readonly description: string;
  readonly evidence: Evidence;
}

export interface KnownOperation {
  readonly operation: string;
  readonly evidence: Evidence;
  readonly answers: readonly KnownAnswer[];
}

export interface Fidelity {
  readonly dialect: Dialect;
  readonly operations: readonly KnownOperation[];
  /** How many of the answers are known in which way. */
  readonly counts: Readonly<Record<Evidence, number>>;
}

/** Each way of knowing, in words. */
export const evidences: Readonly<Record<Evidence, string>> = {
  documented: "the vendor's page says so",
  observed: "seen in the vendor's clients or on the wire",
  assumed: 'inferred: nobody says, or what the vendor says leaves it open',
};

export function fidelityOf(dialect: Dialect): Fidelity {
  const operations = dialect.routes.map((route) => ({
    operation: `${route.method} ${route.path}`,
    evidence: route.evidence,
    answers: answersOf(dialect, route),
  }));
  const answers = operations.flatMap((operation) => operation.answers);
  const count = (evidence: Evidence) => answers.filter((answer) => answer.evidence === evidence).length;
  return {
    dialect,
    operations,
    counts: { documented: count('documented'), observed: count('observed'), assumed: count('assumed') },
  };
}

function answersOf(dialect: Dialect, route: Route): KnownAnswer[] {
  const { status, description, evidence } = route.success;
  const failures = [...failuresOf(dialect, route)].map(([code, failure]) => ({
    status: code,
    description: failure.description,
    evidence: failure.evidence,
  }));
  return [{ status, description, evidence }, ...failures];
}
