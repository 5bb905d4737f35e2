import { Failure } from '../base/failure.ts';

export const NAME_MAX = 64;

/** Why `name` cannot name a machine; undefined when it can. Names never become paths: ids do. */
export function whyNotName(name: string): string | undefined {
  const length = [...name].length;
  if (length === 0) return 'a machine needs a name';
  if (length > NAME_MAX) return `a name has at most ${NAME_MAX} characters, this one has ${length}`;
  if (!/^[\p{L}\p{N}]/u.test(name)) return 'a name starts with a letter or a digit';
  if (!/^[\p{L}\p{M}\p{N} ._-]*$/u.test(name)) return 'a name has letters, digits, spaces and . _ - only';
  if (name.endsWith(' ')) return 'a name does not end with a space';
  return undefined;
}

export function requireName(name: string): void {
  const why = whyNotName(name);
  if (why !== undefined) throw new Failure('usage', 'bad-name', `name ${quote(name)}: ${why}`);
}

/** Two names with the same key are the same to a person. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** `name` in quotes for one line of text: control characters escaped, long ones cut. */
export function quote(name: string): string {
  const escaped = JSON.stringify(name).replace(/\p{C}/gu, '?');
  return [...escaped].length <= NAME_MAX + 2 ? escaped : `${[...escaped].slice(0, 40).join('')}…"`;
}
