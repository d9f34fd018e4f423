/** Reads the curl commands of the documentation, so that they can be run where there is no curl. */

export interface CurlCommand {
  readonly method: string;
  /** The path and the query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** @param text a command, with line continuations and with words quoted as in a shell */
export function parseCurl(text: string, variables: Readonly<Record<string, string>>): CurlCommand {
  const [program, ...args] = words(text, variables);
  if (program !== 'curl') throw new Error(`not a curl command: ${text}`);
  const headers: Record<string, string> = {};
  const data: string[] = [];
  let method: string | undefined;
  let url: URL | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const word = args[i] ?? '';
    const value = () => args[++i] ?? '';
    if (word === '-s') continue;
    if (word === '-X') method = value();
    else if (word === '-d') data.push(value());
    else if (word === '-H') {
      const [name = '', ...rest] = value().split(':');
      headers[name.toLowerCase()] = rest.join(':').trim();
    } else if (word.startsWith('-')) throw new Error(`an option that this reader does not know: ${word}`);
    else url = new URL(word);
  }
  if (url === undefined) throw new Error(`no URL in: ${text}`);
  const body = data.length > 0 ? data.join('&') : null;
  if (body !== null) headers['content-type'] ??= 'application/x-www-form-urlencoded';
  return {
    method: method ?? (body === null ? 'GET' : 'POST'),
    path: url.pathname + url.search,
    headers,
    body,
  };
}

/** The words of a command, without their quotes and with variables in place. */
function words(text: string, variables: Readonly<Record<string, string>>): string[] {
  const parts = text.replaceAll('\\\n', ' ').trim();
  const pattern = /(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"]+)+/g;
  return [...parts.matchAll(pattern)].map(([word]) =>
    word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|([^'"]+)/g, (_, single, double, bare) => {
      if (single !== undefined) return single;
      const unescaped = (double ?? bare).replace(/\\(["\\$`])/g, '$1');
      return unescaped.replace(/\$(\w+)/g, (_whole: string, name: string) => variables[name] ?? '');
    }),
  );
}
