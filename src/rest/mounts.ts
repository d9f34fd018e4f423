/** Where each dialect is served: at the root of the origin, where its vendor documents it, or under a prefix. */
import type { Dialect } from './dialect.ts';
import { dialects, imitations } from './dialects.ts';
import { usergraph } from './usergraph.ts';

export interface MountedDialect {
  readonly dialect: Dialect;
  /** Every base path that its routes are at. */
  readonly basePaths: readonly string[];
  /** Every path that is its own, with all beneath it. */
  readonly owned: readonly string[];
}

/** Paths of the product itself, where no dialect of a vendor can be. */
const reserved = [
  '/graphql',
  '/schema.graphql',
  '/schemas',
  '/openapi',
  '/reference',
  '/fidelity',
  '/assets',
  '/livez',
  '/readyz',
  '/favicon.ico',
  '/robots.txt',
  ...usergraph.namespaces,
];

/**
 * Reads `REST_MOUNTS`, such as `zenml=/zenml,bird=off`. A dialect that it does not name is at the root; one that it
 * names more than once is at each of the places. The server's own surface is always at the root: links lead there that
 * were sent out, to whoever acknowledges or follows an erasure.
 * @throws {Error} that says what is wrong, for whoever wrote it
 */
export function parseMounts(text: string): readonly MountedDialect[] {
  const places = new Map<string, string[]>(imitations.map(({ name }) => [name, []]));
  if (new Set(dialects.map(({ name }) => name)).size < dialects.length)
    throw new Error('two dialects have the same name');
  for (const entry of text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)) {
    const [name = '', place = '', ...rest] = entry.split('=').map((part) => part.trim());
    if (name === usergraph.name)
      throw new Error(
        `${name} is the product itself, always at ${usergraph.namespaces.join(', ')}: it can neither be moved nor switched off`,
      );
    const known = places.get(name);
    if (!known || rest.length > 0)
      throw new Error(
        `"${entry}" must be a dialect and a place, such as zenml=/zenml or bird=off; the dialects are ${[...places.keys()].join(', ')}`,
      );
    known.push(place === 'off' ? 'off' : prefixOf(place));
  }
  const placed = imitations.flatMap((dialect) => {
    const named = [...new Set(places.get(dialect.name))];
    if (named.includes('off') && named.length > 1)
      throw new Error(`${dialect.name} is off and has a place, too`);
    const prefixes = named.length === 0 ? [''] : named.filter((place) => place !== 'off');
    return prefixes.map((prefix) => mount(dialect, prefix));
  });
  refuseCollisions(placed);
  const mounts = [...placed, mount(usergraph, '')];
  refuseHidden(mounts);
  return mounts;
}

function prefixOf(place: string): string {
  if (place === '/') return '';
  if (!/^(\/[\w.~-]+)+\/?$/.test(place) || /\/\.{1,2}(\/|$)/.test(place))
    throw new Error(`"${place}" must be a path such as /zenml, / for the root, or off`);
  return place.replace(/\/$/, '');
}

function mount(dialect: Dialect, prefix: string): MountedDialect {
  const { root, mounted = [] } = dialect.basePaths;
  const basePaths = (prefix === '' ? root : [...root, ...mounted]).map((base) => prefix + base);
  return { dialect, basePaths, owned: prefix === '' ? dialect.namespaces : [prefix] };
}

/** The path as the dialect's routes have it: without the longest base path that it is under. */
export function localPath({ basePaths }: MountedDialect, pathname: string): string {
  const lengths = basePaths.filter((base) => isWithin(pathname, base)).map((base) => base.length);
  return pathname.slice(Math.max(0, ...lengths));
}

const isWithin = (pathname: string, base: string) =>
  pathname.startsWith(base) && (pathname.length === base.length || pathname[base.length] === '/');

function refuseCollisions(mounts: readonly MountedDialect[]): void {
  const owners = new Map<string, string>();
  for (const { dialect, owned } of mounts) {
    for (const path of owned) {
      const taken = reserved.find((own) => isWithin(path, own)) ?? (path === '' ? '/' : undefined);
      if (taken)
        throw new Error(`${dialect.name} cannot be at ${path}: ${taken} is a path of the product itself`);
      const owner = owners.get(path);
      if (owner) throw new Error(`${owner} and ${dialect.name} would both answer ${path}`);
      owners.set(path, dialect.name);
    }
  }
}

/** Refuses a place that would take routes of another dialect away. */
function refuseHidden(mounts: readonly MountedDialect[]): void {
  for (const mount of mounts) {
    const paths = mount.basePaths.flatMap((base) => mount.dialect.routes.map((route) => base + route.path));
    for (const path of paths) {
      const owner = owning(mounts, path);
      if (owner !== mount)
        throw new Error(`${owner?.dialect.name} would hide ${path} of ${mount.dialect.name}`);
    }
  }
}

/** The dialect whose path it is: where one is mounted within another's paths, the inner one. */
export function owning(mounts: readonly MountedDialect[], pathname: string): MountedDialect | undefined {
  let best: { mount: MountedDialect; length: number } | undefined;
  for (const mount of mounts) {
    for (const path of mount.owned) {
      if (isWithin(pathname, path) && path.length > (best?.length ?? -1))
        best = { mount, length: path.length };
    }
  }
  return best?.mount;
}
