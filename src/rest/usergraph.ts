/** This server's own REST surface, for programs that speak no GraphQL. It imitates nobody: ids are UUIDs, names are ours. */
import { z } from 'zod';
import { nativeErrorHeaders } from '../http/error-response.ts';
import { bearer } from './credentials.ts';
import { defineDialect, type Failure } from './dialect.ts';
import { messageOf, problemsOf } from './request.ts';
import { ErasureView, erasureRoutes } from './usergraph-erasures.ts';
import {
  DataImport,
  DataRecordPage,
  DataRecordReplacement,
  DataRecordView,
  NewDataRecord,
  recordRoutes,
} from './usergraph-records.ts';

// Failures

/** When each status is answered. */
const failed: Readonly<Record<number, string>> = {
  400: 'The request cannot be read.',
  401: 'There is no credential, or it is no longer good.',
  403: 'The caller, or its credential, may not do this.',
  404: 'There is no such thing, or the caller may not see it.',
  405: 'The path answers other methods.',
  409: 'The change is at odds with what is there.',
  412: 'What is there is no longer what `If-Match` names; nothing was changed.',
  413: 'The request body is too large.',
  415: 'The body is of a media type that this path does not take.',
  422: 'The input has problems; `problems` has an entry for each.',
  428: 'This server wants `If-Match` with every change of what is there.',
  429: 'There were too many requests; `Retry-After` says when to come back.',
  500: 'Something went wrong on the side of the server.',
  503: 'The service cannot answer at the moment.',
};

const FailureBody = z
  .object({
    error: z.object({
      code: z.string().describe('The stable code, for programs: the same as in the graph.'),
      message: z.string().describe('What went wrong, in English, for a person.'),
      problems: z
        .array(
          z.object({
            path: z
              .array(z.union([z.string(), z.number()]))
              .describe('Where the value is; empty for the whole body.'),
            code: z.string(),
            message: z.string(),
          }),
        )
        .optional()
        .describe('Every value that cannot be used, where that is the reason.'),
    }),
  })
  .describe('What went wrong.');

const failures = Object.fromEntries(
  Object.entries(failed).map(([status, description]): [string, Failure] => [
    status,
    { description, body: FailureBody, evidence: 'documented' },
  ]),
);

export const usergraph = defineDialect({
  name: 'usergraph',
  title: 'Usergraph',
  description: 'The REST surface of Usergraph itself: the data of accounts, and what becomes of it.',
  namespaces: ['/v1'],
  basePaths: { root: [''] },
  schemas: {
    Erasure: ErasureView,
    DataRecord: DataRecordView,
    DataRecordPage,
    NewDataRecord,
    DataRecordReplacement,
    DataImport,
    Failure: FailureBody,
  },
  security: { bearer: { type: 'http', scheme: 'bearer' } },
  failures,
  everywhere: [401, 403, 413, 429, 500, 503],
  routes: [...recordRoutes, ...erasureRoutes],
  differences: [],
  credential: bearer,
  fail(error) {
    const problems = problemsOf(error);
    const isUnreadable = problems.some(({ code }) => code === 'MALFORMED');
    const listed = problems.map(({ path, code, message }) => ({ path: [...path], code, message }));
    return {
      status: isUnreadable ? 400 : error.status,
      body: {
        error: {
          code: isUnreadable ? 'BAD_REQUEST' : error.code,
          message: messageOf(error, {}),
          ...(listed.length > 0 && { problems: listed }),
        },
      },
      headers: nativeErrorHeaders(error),
    };
  },
});
