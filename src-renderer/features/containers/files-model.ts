import type { ContainerFile } from '../../../src-main/contract/container.ts';

/** The folders on the way to `path`, the root first, as a breadcrumb shows them. */
export function foldersTo(path: string): { name: string; path: string }[] {
  const names = path.split('/').filter((name) => name !== '');
  return [
    { name: '/', path: '/' },
    ...names.map((name, at) => ({ name, path: `/${names.slice(0, at + 1).join('/')}` })),
  ];
}

export function below(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** Folders first, then by name, as people look for them. */
export function inOrder(files: readonly ContainerFile[]): ContainerFile[] {
  const rank = ({ leadsIn }: ContainerFile): number => (leadsIn ? 0 : 1);
  return [...files].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

const LETTERS = 'rwxrwxrwx';
/** inode(7): set-user-ID, set-group-ID and the sticky bit show in the place of each x. */
const SPECIAL = [
  [0o4000, 2, 's'],
  [0o2000, 5, 's'],
  [0o1000, 8, 't'],
] as const;

/** Permissions as ls(1) writes them, without the file's type. */
export function permissions(mode: number): string {
  const letters = [...LETTERS].map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'));
  for (const [bit, at, letter] of SPECIAL) {
    if (mode & bit) letters[at] = letters[at] === '-' ? letter.toUpperCase() : letter;
  }
  return letters.join('');
}
