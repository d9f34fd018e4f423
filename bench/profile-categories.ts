/** To which part of the product a frame of a profile belongs, by the file that it is in. The first rule that fits holds. */

const http = 'HTTP and sockets';
const authentication = 'authentication';
const parse = 'parse and validate';
const execution = 'execution';
const yoga = 'Yoga';

/** Without a category, as libraries that all use: what they do is done for who calls them. */
const rules: readonly (readonly [pattern: RegExp, category: string | null])[] = [
  [/^wasm:|\/node_modules\/@prisma\/adapter-pg\//, 'Prisma'],
  [/\/node_modules\/@prisma\/|\/dist\/generated\//, 'Prisma'],
  [/\/node_modules\/(pg|pg-pool|pg-protocol|pg-types|postgres-\w+|pgpass|pg-boss)\//, 'pg'],
  [/\/node_modules\/graphql\/(language|validation)\//, parse],
  [/\/node_modules\/(graphql|@pothos|graphql-scalars|typeid-js|zod)\//, execution],
  [/\/node_modules\/@escape\.tech\//, parse],
  [/\/node_modules\/(graphql-yoga|@graphql-yoga|@envelop|@graphql-tools)\//, yoga],
  [/\/node_modules\/(@whatwg-node|undici)\//, http],
  [
    /\/node_modules\/(pino|sonic-boom|safe-stable-stringify|pino-std-serializers|thread-stream|quick-format-unescaped)\//,
    'logs',
  ],
  [/\/node_modules\/rate-limiter-flexible\//, 'limits'],
  [/\/node_modules\/(jose|@node-rs)\//, authentication],
  [/\/node_modules\//, null],
  [/\/dist\/auth\//, authentication],
  [/\/dist\/(limits\/|limits\.js|http\/rate-limit-headers\.js)/, 'limits'],
  [/\/dist\/(log\.js|http\/request-log\.js)/, 'logs'],
  [/\/dist\/domain\/audit/, 'audit'],
  [/\/dist\/graphql\/operation-cost\.js/, parse],
  [/\/dist\/(graphql\.js|graphql\/)/, yoga],
  [/\/dist\/(schema|domain|rest)\//, execution],
  [/\/dist\/db\//, 'pg'],
  [/\/dist\/[\w-]*cache/, 'caches'],
  [/\/dist\/(http\/|server\.js|app\.js|oauth\/|pages\/)/, http],
  [/\/dist\//, 'other'],
  [/^node:internal\/crypto/, null],
];

export function categoryOf({ functionName, url }: { functionName: string; url: string }): string | null {
  if (functionName === '(garbage collector)') return 'garbage collection';
  return rules.find(([pattern]) => pattern.test(url))?.[1] ?? null;
}
