import { writeFileSync } from 'node:fs';
import { dialects } from '../rest/dialects.ts';
import { openApiDocument } from '../rest/openapi.ts';

/** Writes the OpenAPI document of each dialect, as it is served at the root, into the folder that is named. */
const folder = process.argv[2] ?? 'openapi';
for (const dialect of dialects) {
  writeFileSync(`${folder}/${dialect.name}.json`, `${JSON.stringify(openApiDocument(dialect), null, 2)}\n`);
}
