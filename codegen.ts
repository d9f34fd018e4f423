import type { CodegenConfig } from '@graphql-codegen/cli';

/** The types of the graph's scalars as clients meet them: JSON. */
const scalars = {
  DateTime: 'string',
  EmailAddress: 'string',
  JSON: 'unknown',
  JSONObject: 'Record<string, unknown>',
  Locale: 'string',
  PhoneNumber: 'string',
  TimeZone: 'string',
  URL: 'string',
  UUID: 'string',
};

/** Typed documents for the tests, from the committed schema. `npm run codegen` prints that schema first. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['test/**/*.ts', '!test/generated/**'],
  ignoreNoDocuments: true,
  importExtension: '.ts',
  generates: {
    'test/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        scalars,
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        defaultScalarType: 'unknown',
      },
    },
  },
};

export default config;
