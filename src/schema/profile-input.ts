/** The inputs that say what an account is. Values that a person types are plain strings, so that all problems return together. */
import type { InputFieldRef } from '@pothos/core';
import type { builder } from './builder.ts';

type Fields = Parameters<Parameters<typeof builder.inputType>[1]['fields']>[0];

/** The fields that anyone who may update an account can set. `absent` says what leaving one out means. */
export function profileFields(t: Fields, absent = 'Absent keeps it, null clears it.') {
  return {
    name: t.string({ description: `The name as the person writes it, 1 to 50 characters. ${absent}` }),
    firstName: t.string({ description: `The given name, 1 to 50 characters. ${absent}` }),
    lastName: t.string({ description: `The family name, 1 to 50 characters. ${absent}` }),
    bio: t.string({
      description: `What the person tells about themselves, up to 1,000 characters. ${absent}`,
    }),
    company: t.string({ description: `The company, 1 to 50 characters. ${absent}` }),
    jobTitle: t.string({ description: `What the person does there, 1 to 50 characters. ${absent}` }),
    avatarUrl: t.string({ description: `Where the picture is: an http or https URL. ${absent}` }),
    metadata: t.field({
      type: 'JSONObject',
      description: `Free-form facts: an object of at most 16 KiB and 8 levels; an update replaces it as a whole. ${absent}`,
    }),
    locale: t.string({ description: `The preferred language as a BCP 47 tag, such as \`en-US\`. ${absent}` }),
    timeZone: t.string({ description: `The IANA time zone, such as \`Europe/Berlin\`. ${absent}` }),
  };
}

export function contactFields(t: Fields, absent = 'Absent keeps it, null clears it.') {
  return {
    username: t.string({
      description: `The login name: 1 to 50 letters, digits and \`_ - @ .\`, unique among all usernames and e-mail addresses. ${absent}`,
    }),
    email: t.string({ description: `The default e-mail address. ${absent}` }),
    phoneNumber: t.string({
      description: `The primary phone number in E.164 form, such as \`+4930123456\`. ${absent}`,
    }),
  };
}

export function expectedVersionField(t: Fields): InputFieldRef<never, number | null | undefined> {
  return t.int({
    description:
      'The version that you read. When the account is no longer at it, nothing changes and a `ConflictError` tells. Any version will do when absent.',
  }) as never;
}
