/** What to trust: every operation of every dialect, each answer that it can give, and how that is known. */
import {
  type Dialect,
  type Evidence,
  failuresOf,
  type Imitation,
  isRevalidated,
  notModified,
  type Route,
} from './dialect.ts';

export interface KnownAnswer {
  readonly status: number;
  readonly description: string;
  readonly evidence: Evidence;
}

export interface KnownOperation {
  readonly operation: string;
  /** All that it can answer but what every operation can. */
  readonly answers: readonly KnownAnswer[];
}

export interface Fidelity {
  readonly dialect: Imitation;
  readonly operations: readonly KnownOperation[];
  /** What every operation can answer that it applies to: 401 where a caller is needed, 413 where a body is read. */
  readonly everywhere: readonly KnownAnswer[];
  /** How many of the answers are known in which way. */
  readonly counts: Readonly<Record<Evidence, number>>;
}

/** Each way of knowing, in words. */
export const evidences: Readonly<Record<Evidence, string>> = {
  documented: "the vendor's page says so",
  observed: "seen in the vendor's clients or on the wire",
  assumed: 'inferred: nobody says, or what the vendor says leaves it open',
};

export function fidelityOf(dialect: Imitation): Fidelity {
  const operations = dialect.routes.map((route) => ({
    operation: `${route.method} ${route.path}`,
    answers: answersOf(dialect, route),
  }));
  const everywhere = Object.entries(dialect.failures)
    .filter(([status]) => dialect.everywhere.includes(Number(status)))
    .map(([status, failure]) => toAnswer(Number(status), failure));
  const answers = [...everywhere, ...operations.flatMap((operation) => operation.answers)];
  const count = (evidence: Evidence) => answers.filter((answer) => answer.evidence === evidence).length;
  return {
    dialect,
    operations,
    everywhere,
    counts: { documented: count('documented'), observed: count('observed'), assumed: count('assumed') },
  };
}

const toAnswer = (status: number, { description, evidence }: Omit<KnownAnswer, 'status'>): KnownAnswer => ({
  status,
  description,
  evidence,
});

function answersOf(dialect: Dialect, route: Route): KnownAnswer[] {
  const isOwn = (status: number) => !dialect.everywhere.includes(status) || status in (route.failures ?? {});
  const failures = [...failuresOf(dialect, route)].filter(([status]) => isOwn(status));
  return [
    toAnswer(route.success.status, route.success),
    ...(isRevalidated(route) ? [notModified] : []),
    ...failures.map(([status, failure]) => toAnswer(status, failure)),
  ];
}
