/** The scalars of the graph, from graphql-scalars, with descriptions for readers of this schema. */
import { GraphQLScalarType } from 'graphql';
import {
  DateTimeResolver,
  EmailAddressResolver,
  JSONObjectResolver,
  JSONResolver,
  LocaleResolver,
  PhoneNumberResolver,
  TimeZoneResolver,
  URLResolver,
  UUIDResolver,
} from 'graphql-scalars';
import { builder } from './builder.ts';

export type ScalarTypes = {
  DateTime: { Input: Date; Output: Date };
  EmailAddress: { Input: string; Output: string };
  JSON: { Input: unknown; Output: unknown };
  JSONObject: { Input: Record<string, unknown>; Output: unknown };
  Locale: { Input: string; Output: string };
  PhoneNumber: { Input: string; Output: string };
  TimeZone: { Input: string; Output: string };
  URL: { Input: URL | string; Output: URL | string };
  UUID: { Input: string; Output: string };
};

/** Written here: `JSON.stringify` takes twice as long to write a date. */
const DateTime = new GraphQLScalarType({
  ...DateTimeResolver.toConfig(),
  serialize: (value) => (DateTimeResolver.serialize(value) as Date).toISOString(),
});

const scalars: Record<keyof ScalarTypes, [GraphQLScalarType, description: string]> = {
  DateTime: [DateTime, 'A moment in time as RFC 3339 writes it, in UTC: `2026-11-21T07:30:00.000Z`.'],
  EmailAddress: [EmailAddressResolver, 'An e-mail address: `ada@example.com`.'],
  JSON: [JSONResolver, 'Any JSON value.'],
  JSONObject: [JSONObjectResolver, 'A JSON object: keys with any JSON values.'],
  Locale: [LocaleResolver, 'A BCP 47 language tag: `en-US`.'],
  PhoneNumber: [PhoneNumberResolver, 'A phone number in E.164 form: `+4930123456`.'],
  TimeZone: [TimeZoneResolver, 'An IANA time zone: `Europe/Berlin`.'],
  URL: [URLResolver, 'An http or https URL.'],
  UUID: [UUIDResolver, 'A UUID (RFC 9562) in its 36-character form.'],
};

for (const [name, [scalar, description]] of Object.entries(scalars)) {
  builder.addScalarType(name as keyof typeof scalars, scalar as never, { description });
}
