/** What a data record may be. */
import { z } from 'zod';
import { document } from './input.ts';
import { isInCalendar } from './page.ts';

const collectionForm = /^[a-z][a-z0-9_-]{0,49}$/;

/** Whether there can be a collection of this name: nothing can be found in another. */
export const isCollection = (name: string): boolean => collectionForm.test(name);

const collection = z
  .string()
  .regex(
    collectionForm,
    'must be a lower-case letter, then up to 49 lower-case letters, digits, underscores or hyphens',
  );

const moment = z.date().refine(isInCalendar, 'must be in the years 1 to 9999');

/** A moment as text, with its offset: what has none would be another moment elsewhere. */
const momentText = z.iso
  .datetime({ offset: true, error: 'must be a moment of RFC 3339, such as 2026-11-21T07:30:00Z' })
  .transform((text) => new Date(text))
  .pipe(moment);

const version = z.int().nullish();

export const createRecordInput = z.object({ collection, data: document, occurredAt: moment.nullish() });

export const replaceRecordInput = z.object({
  data: document,
  occurredAt: moment.nullish(),
  expectedVersion: version,
});

/** One line of an import. */
export const importedRecord = z.object({ collection, data: document, occurredAt: momentText.nullish() });
