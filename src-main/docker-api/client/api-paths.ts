/** `/containers/{name}/…` with a name as the user wrote it. */
export function containerPath(name: string, what = ''): string {
  return `/containers/${encodeURIComponent(name)}${what}`;
}

export function imagePath(name: string, what = ''): string {
  return `/images/${name.split('/').map(encodeURIComponent).join('/')}${what}`;
}
