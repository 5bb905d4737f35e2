/** `/containers/{name}/…` with a name as the user wrote it. */
export function containerPath(name: string, what = ''): string {
  return `/containers/${encodeURIComponent(name)}${what}`;
}

export function imagePath(name: string, what = ''): string {
  return `/images/${name.split('/').map(encodeURIComponent).join('/')}${what}`;
}

/** `repository[:tag]` as the API wants it, in two; a port is no tag. */
export function splitTag(name: string): { repo: string; tag: string } {
  const [, repo = name, tag = 'latest'] = /^(.*):([^/]+)$/.exec(name) ?? [];
  return { repo, tag };
}
