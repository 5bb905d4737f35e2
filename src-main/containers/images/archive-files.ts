import type { Readable } from 'node:stream';
import { badArchive, type TarEntry } from '../archive/tar-entry.ts';
import { TarReader, type TarSink } from '../archive/tar-reader.ts';
import { cleanName } from '../rootfs/tree-names.ts';
import type { BlobIntake } from '../store/blob-intake.ts';
import type { ContentDescriptor, ContentStore } from '../store/content-store.ts';

/** No archive of images has more files than this. */
const FILES_MAX = 100_000;

/** The files of an archive, each taken into the content store, under their names in it. */
export class ArchiveFiles implements TarSink {
  readonly files = new Map<string, ContentDescriptor>();
  private readonly links = new Map<string, string>();
  private intake: BlobIntake | undefined;
  private name = '';

  private constructor(
    private readonly content: ContentStore,
    private readonly taken: (blob: ContentDescriptor) => void,
  ) {}

  /** `taken` is told of each blob before it gets its name in the store. */
  static async read(
    content: ContentStore,
    archive: AsyncIterable<Buffer>,
    decompress: (source: AsyncIterable<Buffer>) => Promise<Readable>,
    taken: (blob: ContentDescriptor) => void,
  ): Promise<ArchiveFiles> {
    const files = new ArchiveFiles(content, taken);
    try {
      const reader = new TarReader(files);
      for await (const chunk of await decompress(archive)) reader.push(chunk as Buffer);
      reader.finish();
    } finally {
      files.intake?.dispose();
    }
    return files;
  }

  entry(entry: TarEntry): void {
    if (this.files.size + this.links.size > FILES_MAX) throw badArchive('it has too many files');
    const name = cleanName(entry.name);
    if (entry.type === 'symlink' || entry.type === 'hardlink') {
      const slash = name.lastIndexOf('/');
      const relative = entry.type === 'symlink' && !entry.link.startsWith('/');
      this.links.set(name, cleanName(relative ? `${name.slice(0, slash + 1)}${entry.link}` : entry.link));
    }
    if (entry.type !== 'file') return;
    if (entry.extents) throw badArchive('it has sparse files, which no archive of images has');
    this.name = name;
    this.intake = this.content.intake();
  }

  data(bytes: Buffer): void {
    this.intake?.write(bytes);
  }

  end(): void {
    if (!this.intake) return;
    const { size } = this.intake;
    const digest = this.intake.commit(undefined, (found) => this.taken({ digest: found, size }));
    this.files.set(this.name, { digest, size });
    this.intake = undefined;
  }

  /** A file by name; old archives have links in place of layers they hold twice. */
  find(name: string): ContentDescriptor | undefined {
    const clean = cleanName(name);
    return this.files.get(clean) ?? this.files.get(this.links.get(clean) ?? '');
  }

  document(name: string): Buffer | undefined {
    const file = this.find(name);
    return file && this.content.document(file.digest);
  }
}
