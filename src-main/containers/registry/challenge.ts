/** RFC 9110 §11.6.1 WWW-Authenticate, as far as registries use it. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const PARAMETER = /([a-zA-Z_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

export function parseChallenge(header: string | undefined): Challenge | undefined {
  const match = /^\s*([a-zA-Z]+)(?:\s+(.*))?$/s.exec(header ?? '');
  if (!match) return undefined;
  const parameters: Record<string, string> = {};
  for (const [, name, quoted, plain] of (match[2] ?? '').matchAll(PARAMETER)) {
    parameters[name!.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
  }
  return { scheme: match[1]!.toLowerCase(), parameters };
}
