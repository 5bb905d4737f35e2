import { Failure } from '../../base/failure.ts';

/** OCI image 1.1 image-index.md: words of Go's GOOS and GOARCH. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const architectures: Readonly<Record<string, Omit<Platform, 'os'>>> = {
  x64: { architecture: 'amd64' },
  arm64: { architecture: 'arm64', variant: 'v8' },
  arm: { architecture: 'arm', variant: 'v7' },
  ia32: { architecture: '386' },
  riscv64: { architecture: 'riscv64' },
  ppc64: { architecture: 'ppc64le' },
  s390x: { architecture: 's390x' },
};

/** Other names people use. */
const aliases: Readonly<Record<string, Omit<Platform, 'os'>>> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64', variant: 'v8' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
  i386: { architecture: '386' },
};

export function hostPlatform(): Platform {
  return { os: 'linux', ...(architectures[process.arch] ?? { architecture: process.arch }) };
}

/** `linux/arm64/v8`, `linux/amd64`, or just `arm64`. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os, architecture, variant] = parts.length === 1 ? ['linux', parts[0]] : parts;
  const wellFormed = parts.length <= 3 && parts.every((part) => /^[a-z0-9_.-]+$/.test(part));
  if (!wellFormed || os !== 'linux' || architecture === undefined) {
    throw new Failure('usage', 'bad-platform', `platform ${JSON.stringify(text.slice(0, 100))}: is none we can run`, {
      hint: 'write linux/amd64, linux/arm64, …',
    });
  }
  const known = aliases[architecture] ?? { architecture };
  return { os, ...known, ...(variant === undefined ? {} : { variant }) };
}

export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');

/** The entry of an index that suits: the same variant, or one without, or an older one of the same family. */
export function choosePlatform<T extends { readonly platform?: Partial<Platform> | undefined }>(
  entries: readonly T[],
  wanted: Platform,
): T | undefined {
  const fitting = entries.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const level = ({ platform }: T): number => Number(platform?.variant?.replace(/^v/, '') || 0);
  if (wanted.variant === undefined) return fitting.sort((a, b) => level(a) - level(b))[0];
  const highest = Number(wanted.variant.replace(/^v/, ''));
  return fitting.filter((entry) => level(entry) <= highest).sort((a, b) => level(b) - level(a))[0];
}
