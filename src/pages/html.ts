const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | Markup | readonly Markup[];

/** Markup in which every interpolated string is escaped, for element content and quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Markup {
  const rest = strings.slice(1).map((text, index) => render(values[index] ?? '') + text);
  return new Markup(strings[0] + rest.join(''));
}

function render(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => entities[character] ?? '');
  return value.map((markup) => markup.text).join('\n');
}
