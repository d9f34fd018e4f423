/** How a view of a REST dialect says what the graph says: field by field. */

// biome-ignore lint/suspicious/noExplicitAny: whatever the graph answered; the mappings say what they expect of it
export type Source = any;

/** What a field of a view stands for in the graph. */
export interface Fact {
  /** The selection that reads it. */
  readonly selection: string;
  /** Its value in the words of the dialect. `root` is the whole account where `source` is a part of one. */
  readonly read: (source: Source, root: Source) => unknown;
  /** The mapping of what is in it. */
  readonly inner?: Mapping;
}

/** Each field of a view; null for one that has no counterpart in the graph. */
export type Mapping = Readonly<Record<string, Fact | null>>;

/** The same value under another name. */
export const same = (field: string): Fact => ({ selection: field, read: (source) => source[field] });

/** The same value; left out where there is none. */
export const optional = (field: string): Fact => fact(field, (source) => source[field] ?? undefined);

export const fact = (selection: string, read: Fact['read']): Fact => ({ selection, read });

/** A list of parts, each with a mapping of its own. `needs` is what that reads of the account. */
export const listOf = (field: string, inner: Mapping, needs = ''): Fact => ({
  selection: `${field} { ${selectionOf(inner)} } ${needs}`,
  read: (source) => source[field].map((part: Source) => translate(inner, part, source)),
  inner,
});

/** A part, with a mapping of its own. */
export const partOf = (field: string, inner: Mapping): Fact => ({
  selection: `${field} { ${selectionOf(inner)} }`,
  read: (source) => translate(inner, source[field], source),
  inner,
});

export function selectionOf(mapping: Mapping): string {
  return Object.values(mapping)
    .map((one) => one?.selection ?? '')
    .join(' ');
}

/** What the view must say of what the graph answered. What has no value is left out where that is undefined. */
export function translate(mapping: Mapping, source: Source, root: Source = source): object {
  const entries = Object.entries(mapping).flatMap(([name, one]) =>
    one === null ? [] : [[name, one.read(source, root)] as const],
  );
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** A view without the fields that have no counterpart. One that the mapping does not know stays, and is a difference. */
export function comparable(mapping: Mapping, view: Source): object {
  const entries = Object.entries(view).flatMap(([name, value]) => {
    if (mapping[name] === null) return [];
    const inner = mapping[name]?.inner;
    if (inner === undefined) return [[name, value]];
    const parts = (part: Source) => comparable(inner, part);
    return [[name, Array.isArray(value) ? value.map(parts) : parts(value)]];
  });
  return Object.fromEntries(entries);
}

/** The fields without a counterpart, those of parts included. */
export function withoutCounterpart(mapping: Mapping): string[] {
  return Object.entries(mapping).flatMap(([name, one]) =>
    one === null ? [name] : one.inner ? withoutCounterpart(one.inner).map((inner) => `${name}.${inner}`) : [],
  );
}
