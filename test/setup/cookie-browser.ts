/** A browser without a window: keeps cookies as RFC 6265 has it, and follows redirects between servers. */

interface Cookie {
  readonly host: string;
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly text: string;
}

export interface Page {
  /** Where the browser is in the end. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Every URL on the way, the last one among them. */
  readonly trail: readonly string[];
}

type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export interface Visit {
  readonly method?: string;
  readonly form?: Record<string, string>;
  readonly headers?: Record<string, string>;
  /** Whether to stop before going to this URL. */
  readonly until?: (url: URL) => boolean;
}

/** Requests to `origin` go to `own`; all others over the network. */
export function createCookieBrowser(origin: string, own: Fetch) {
  const jar = new Map<string, Cookie>();

  function keep(url: URL, response: Response): void {
    for (const text of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = text.split(/; */);
      const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(pair) ?? [];
      const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
      const isOver = value === '' || attributes.some((one) => /^max-age=0$/i.test(one));
      const key = `${url.host} ${path} ${name}`;
      if (isOver) jar.delete(key);
      else jar.set(key, { host: url.host, name, value, path, text });
    }
  }

  const sentTo = ({ host, pathname }: URL) =>
    [...jar.values()]
      .filter((cookie) => cookie.host === host)
      .filter(({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');

  return {
    cookies: () => [...jar.values()],
    cookie: (name: string) => [...jar.values()].find((cookie) => cookie.name === name),
    /** Takes over a cookie, as somebody would who could write them. */
    put: (cookie: Cookie) => void jar.set(`${cookie.host} ${cookie.path} ${cookie.name}`, cookie),

    async visit(where: string, { method = 'GET', form, headers = {}, until }: Visit = {}): Promise<Page> {
      let url = new URL(where, origin);
      let init: RequestInit = { method, headers, body: form ? new URLSearchParams(form) : null };
      const trail: string[] = [];
      for (let step = 0; step < 20; step += 1) {
        const cookie = sentTo(url);
        const sent = {
          ...init,
          headers: { ...init.headers, ...(cookie && { cookie }) },
          redirect: 'manual',
        } as const;
        const response = await (url.origin === origin ? own(url, sent) : fetch(url, sent));
        keep(url, response);
        trail.push(url.href);
        const location = response.headers.get('location');
        const next = location === null ? null : new URL(location, url);
        if (next === null || until?.(next)) {
          const text = await response.text();
          return { url: next ?? url, status: response.status, headers: response.headers, text, trail };
        }
        await response.arrayBuffer();
        url = next;
        init = { method: 'GET' };
      }
      throw new Error(`too many redirects: ${trail.join(' → ')}`);
    },
  };
}

export type CookieBrowser = ReturnType<typeof createCookieBrowser>;
