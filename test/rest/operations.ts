/** What a document says is served, and whether it is. */
import type { TestApp } from '../setup/app.ts';

export interface ServedDocument {
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, Response>>;
}

interface Response {
  readonly 'x-evidence'?: string;
  readonly headers?: Readonly<Record<string, object>>;
}

interface Schema {
  readonly type?: string;
  readonly additionalProperties?: unknown;
}

export function operationsOf({ paths }: Pick<ServedDocument, 'paths'>) {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
}

export const nobodysId = '00000000-0000-4000-8000-000000000000';

/** Whether a route answers: who says nothing of itself is asked to, which where no route is nobody is. */
export async function isAnswered(app: TestApp, method: string, template: string): Promise<boolean> {
  const path = template.replace(/\{\w+\}/g, nobodysId);
  const { status, text } = await app.call(method, path);
  const isFramework =
    status === 405 || /Not Found|Method Not Allowed|route_not_found|nothing at this path/.test(text);
  const isForAll = /\/auth\/device_authorization$|\/v1\/erasures\//.test(path); // which need no more than to be asked
  if (!isFramework && !isForAll && ![400, 401].includes(status))
    throw new Error(`${method} ${path}: ${status} ${text}`);
  return !isFramework;
}
