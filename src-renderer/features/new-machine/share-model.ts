import { type Share, share as shareSchema } from '../../../src-main/contract/hardware.ts';
import { en } from '../../locales/en.ts';

/** As many as the inventory takes. */
export const mostShares = 8;

/** A folder under a tag that none of the others has, made from its name: what the guest asks for it by. */
export function shareOf(folder: string, shares: readonly Share[]): Share {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const wanted =
    name
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 24) || 'share';
  const taken = new Set(shares.map(({ tag }) => tag));
  let tag = wanted;
  for (let number = 2; taken.has(tag); number++) tag = `${wanted}-${number}`;
  return { folder, tag };
}

/** What is wrong with the list; undefined for nothing. */
export function sharesError(shares: readonly Share[]): string | undefined {
  const tags = shares.map(({ tag }) => tag);
  if (!tags.every((tag) => shareSchema.shape.tag.safeParse(tag).success)) return en.shares.badTag;
  return new Set(tags).size < tags.length ? en.shares.doubleTag : undefined;
}

/** A line for the review: `/home/anna/src as src, read-only`. */
export function shareLine({ folder, tag, readOnly }: Share): string {
  return [en.shares.line(folder, tag), ...(readOnly ? [en.shares.readOnlyShort] : [])].join(', ');
}

/** What the guest's root types to have it at /mnt. */
export function mountCommand({ tag, readOnly }: Share): string {
  return `mount -t 9p -o ${readOnly ? 'ro,' : ''}trans=virtio,version=9p2000.L ${tag} /mnt`;
}

export function withShare(shares: readonly Share[], index: number, part: Partial<Share>): Share[] {
  return shares.map((one, at) => {
    if (at !== index) return one;
    const { readOnly = false, ...rest } = { ...one, ...part };
    return readOnly ? { ...rest, readOnly } : rest;
  });
}
