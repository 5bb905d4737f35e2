import type { ApiVersion, Route } from './route.ts';

export type Match =
  | {
      readonly kind: 'route';
      readonly route: Route;
      readonly path: Record<string, string>;
      readonly version: ApiVersion;
    }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

/** What we speak, and the oldest version whose clients are served (Docker API 1.47, "Versioning"). */
export const API_VERSION = '1.47';
export const MIN_API_VERSION = '1.24';

const VERSION_PREFIX = /^\/v(\d{1,3})\.(\d{1,3})(?=\/)/;

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
}

/** Finds the route of a request. A path with a version in front is the same path; without one it is the newest. */
export class Router {
  private readonly compiled: readonly Compiled[];

  constructor(routes: readonly Route[]) {
    this.compiled = routes.map((route) => ({ route, pattern: compile(route.path) }));
  }

  find(method: string, pathname: string): Match {
    const prefix = VERSION_PREFIX.exec(pathname);
    const version: ApiVersion = prefix ? [Number(prefix[1]), Number(prefix[2])] : parse(API_VERSION);
    const refusal = refuse(version);
    if (refusal !== undefined) return { kind: 'refused', status: 400, message: refusal };
    const path = prefix ? pathname.slice(prefix[0].length) : pathname;
    let known = false;
    for (const { route, pattern } of this.compiled) {
      const groups = pattern.exec(path);
      if (groups === null) continue;
      known = true;
      if (route.method !== method) continue;
      const variables = decode(groups.groups ?? {});
      if (variables === undefined) return { kind: 'refused', status: 400, message: 'path: bad percent-encoding' };
      return { kind: 'route', route, path: variables, version };
    }
    return known
      ? { kind: 'refused', status: 405, message: `${method} ${path}: this method is not allowed here` }
      : { kind: 'refused', status: 404, message: 'page not found' };
  }
}

function compile(path: string): RegExp {
  const source = path.replace(/\{(\w+)(\.\.\.)?\}/g, (_all, name, rest) => `(?<${name}>${rest ? '.+' : '[^/]+'})`);
  return new RegExp(`^${source}/?$`);
}

function decode(groups: Record<string, string>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    return undefined;
  }
}

function parse(text: string): ApiVersion {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return [major, minor];
}

export function isOlder([major, minor]: ApiVersion, than: string): boolean {
  const [otherMajor, otherMinor] = parse(than);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

function refuse(version: ApiVersion): string | undefined {
  const text = version.join('.');
  if (isOlder(version, MIN_API_VERSION)) {
    return `client version ${text} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`;
  }
  const [major, minor] = parse(API_VERSION);
  if (isOlder([major, minor], text)) {
    return `client version ${text} is too new. Maximum supported API version is ${API_VERSION}`;
  }
  return undefined;
}
