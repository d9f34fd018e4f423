/** `/openapi/<dialect>.json`: the document of each mounted dialect, with the places where it is served. */
import type { HttpRequest } from '../http/message.ts';
import { readOnlyResponse } from '../http/read-only.ts';
import type { Dialect } from './dialect.ts';
import { dialects, imitations } from './dialects.ts';
import { fidelityOf } from './fidelity.ts';
import type { MountedDialect } from './mounts.ts';
import { openApiDocument } from './openapi.ts';

export interface ApiDocument {
  readonly name: string;
  readonly title: string;
  /** Relative, like every link of the pages. */
  readonly url: string;
  /** The security scheme of its document that takes a bearer token. */
  readonly bearerScheme?: string;
}

function toApiDocument({ name, title, security }: Dialect): ApiDocument {
  const [bearerScheme = ''] = Object.keys(security); // each dialect names its bearer token first
  return { name, title, url: `openapi/${name}.json`, bearerScheme };
}

/** @param publicUrl how clients reach this server: a path in it stands before every base path */
export function createDocuments(mounts: readonly MountedDialect[], publicUrl: string | null) {
  const outside = publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/$/, '');
  const isMounted = (dialect: Dialect) => mounts.some((mount) => mount.dialect === dialect);
  const mounted = dialects.filter(isMounted);
  const texts = new Map<string, string>();

  /** Written when first asked for: a start need not wait for it. */
  function write(dialect: Dialect): string {
    const basePaths = mounts
      .filter((mount) => mount.dialect === dialect)
      .flatMap((mount) => mount.basePaths.map((path) => outside + path));
    const text = JSON.stringify(openApiDocument(dialect, basePaths));
    texts.set(dialect.name, text);
    return text;
  }

  return {
    list: mounted.map(toApiDocument),
    fidelity: imitations.filter(isMounted).map(fidelityOf),

    handle(request: HttpRequest, url: URL): Response | undefined {
      const name = /^\/openapi\/([\w-]+)\.json$/.exec(url.pathname)?.[1];
      const dialect = mounted.find((one) => one.name === name);
      if (!dialect) return undefined;
      return readOnlyResponse(request, () => texts.get(dialect.name) ?? write(dialect), 'application/json');
    },
  };
}
