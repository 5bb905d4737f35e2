/** Images to and from Debian's docker-registry, with skopeo and umoci as referees. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageStore, Progress } from '../../../src-main/containers/images/image-store.ts';
import { openImageStore } from '../../../src-main/containers/images/local-image-store.ts';
import { makeLayout, packFolder, treeHash, treeLines } from '../../support/engine/layout-maker.ts';
import { LoopbackRegistry, skopeo } from '../../support/engine/loopback-registry.ts';
import { makeRichTree, makeSecondLayer } from '../../support/engine/rich-tree.ts';
import { need } from '../../support/need.ts';
import { bundleWorker } from '../../support/worker-bundle.ts';

describe('images from and to a registry', () => {
  const met = need('root', 'registry');
  const folder = mkdtempSync(join(tmpdir(), 'bh-registry-'));
  const at = (...names: string[]): string => join(folder, ...names);
  let registry: LoopbackRegistry;
  let store: ImageStore;
  let worker: URL;

  beforeAll(async () => {
    if (!met) return;
    worker = await bundleWorker(new URL('../../../src-main/entries/layer-worker.ts', import.meta.url), 'layer-worker');
    registry = await LoopbackRegistry.start(at('registry'));
    store = await openImageStore({ folder: at('store'), worker });
    for (const name of ['one', 'two']) mkdirSync(at(name));
    makeRichTree(at('one'));
    makeSecondLayer(at('two'));
    execFileSync('rm', ['-rf', at('two/lib')]);
    const through = at('through');
    mkdirSync(join(through, 'lib'), { recursive: true });
    writeFileSync(join(through, 'lib/through-link'), 'lands in usr/lib');
    // Only the file is in the archive, by way of the link: its folder stays the link it is.
    const linked = execFileSync('tar', ['--numeric-owner', '-C', through, '-cf', '-', 'lib/through-link']);
    const tars = [packFolder(at('one')), packFolder(at('two')), linked];
    makeLayout(at('layout'), 'rich', tars);
    skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${at('layout')}:rich`, `docker://${registry.host}/rich:1`);
    const zstd = (tar: Buffer): { blob: Buffer; mediaType: string } => ({
      blob: zstdCompressSync(tar),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
    });
    makeLayout(at('zstd'), 'rich', tars, { compress: zstd });
    skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${at('zstd')}:rich`, `docker://${registry.host}/rich:zstd`);
    execFileSync('umoci', ['raw', 'unpack', '--image', `${at('layout')}:rich`, at('umoci')]);
  });

  afterAll(async () => {
    for (const { containerId } of store?.snapshots.list() ?? []) await store.snapshots.remove(containerId);
    store?.close();
    await registry?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function unpacked(image: string, container: string): Promise<string> {
    await store.snapshots.prepare(container, image);
    return store.snapshots.mount(container);
  }

  test('an image pushed by skopeo is pulled, and its files are those umoci unpacks', async () => {
    const steps: Progress[] = [];
    const image = await store.pull(`${registry.host}/rich:1`, { progress: (step) => steps.push(step) });
    expect(image.repoTags).toEqual([`${registry.host}/rich:1`]);
    expect(image.repoDigests).toEqual([`${registry.host}/rich@${image.manifestDigest}`]);
    expect(image.layers).toHaveLength(3);
    const root = await unpacked(image.id, 'rich');
    expect(treeLines(root)).toEqual(treeLines(at('umoci')));
    expect(treeHash(root)).toBe(treeHash(at('umoci')));
    const first = image.layers[0]!.digest.slice(7, 19);
    const words = steps.filter(({ id }) => id === first).map(({ status }) => status);
    expect([...new Set(words)]).toEqual([
      'Pulling fs layer',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
    ]);
    expect(steps.at(-1)?.status).toBe(`Status: Downloaded newer image for ${registry.host}/rich:1`);
  });

  test('pulled again, nothing is transferred', async () => {
    const steps: Progress[] = [];
    await store.pull(`${registry.host}/rich:1`, { progress: (step) => steps.push(step) });
    expect(steps.filter(({ status }) => status === 'Downloading')).toEqual([]);
    expect(steps.at(-1)?.status).toBe(`Status: Image is up to date for ${registry.host}/rich:1`);
  });

  test('layers in zstd unpack to the same', async () => {
    const image = await store.pull(`${registry.host}/rich:zstd`);
    expect(image.layers.every(({ mediaType }) => mediaType.endsWith('zstd'))).toBe(true);
    expect(treeHash(await unpacked(image.id, 'zstd'))).toBe(treeHash(at('umoci')));
  });

  test('a sparse file takes no more room than its bytes', async () => {
    const root = await unpacked(`${registry.host}/rich:1`, 'rich');
    expect(Number(execFileSync('stat', ['-c', '%b', join(root, 'var/sparse')], { encoding: 'utf8' }))).toBeLessThan(
      1000,
    );
  });

  test('an image pushed by us is read by skopeo, and is the same byte for byte', async () => {
    await store.tag(`${registry.host}/rich:1`, `${registry.host}/again/deep:v2`);
    const steps: Progress[] = [];
    const pushed = await store.push(`${registry.host}/again/deep:v2`, { progress: (step) => steps.push(step) });
    const inspected = JSON.parse(skopeo('inspect', '--tls-verify=false', `docker://${registry.host}/again/deep:v2`));
    expect(inspected.Digest).toBe(pushed.digest);
    expect(steps.some(({ status }) => status === 'Mounted from rich')).toBe(true);
    skopeo('copy', '-q', '--src-tls-verify=false', `docker://${registry.host}/again/deep:v2`, `oci:${at('back')}:x`);
    execFileSync('umoci', ['raw', 'unpack', '--image', `${at('back')}:x`, at('back-root')]);
    expect(treeHash(at('back-root'))).toBe(treeHash(at('umoci')));
  });

  test('what a container changed is listed, committed, pushed and unpacked by umoci as the container has it', async () => {
    const root = await unpacked(`${registry.host}/rich:1`, 'changed');
    execFileSync('rm', ['-rf', join(root, 'usr/new'), join(root, 'etc/passwd')]);
    mkdirSync(join(root, 'etc/added'));
    writeFileSync(join(root, 'etc/added/file'), 'added');
    execFileSync('ln', [join(root, 'etc/added/file'), join(root, 'etc/added/link')]);
    execFileSync('chmod', ['700', join(root, 'tmp')]);
    execFileSync('rm', ['-rf', join(root, 'etc/keep')]);
    mkdirSync(join(root, 'etc/keep'));
    writeFileSync(join(root, 'etc/keep/afresh'), '');
    const changes = (await store.snapshots.diff('changed')).map(({ kind, path }) => `${kind} ${path}`);
    expect(changes).toEqual([
      'C /etc',
      'A /etc/added',
      'A /etc/added/file',
      'A /etc/added/link',
      'C /etc/keep',
      'A /etc/keep/afresh',
      'D /etc/keep/upper',
      'D /etc/passwd',
      'C /tmp',
      'C /usr',
      'D /usr/new',
    ]);
    const name = `${registry.host}/committed:1`;
    const image = await store.commit('changed', {
      reference: name,
      changes: ['CMD ["/bin/true"]', 'ENV A=1 B="two words"'],
    });
    expect(image.config.config?.Cmd).toEqual(['/bin/true']);
    expect(image.config.config?.Env).toEqual(['A=1', 'B=two words']);
    await store.push(name);
    skopeo('copy', '-q', '--src-tls-verify=false', `docker://${name}`, `oci:${at('committed')}:x`);
    execFileSync('umoci', ['raw', 'unpack', '--image', `${at('committed')}:x`, at('committed-root')]);
    expect(treeLines(at('committed-root'))).toEqual(treeLines(root));
    expect(treeHash(at('committed-root'))).toBe(treeHash(root));
  });

  test('images that nothing needs any more go, with their layers and blobs', async () => {
    for (const { containerId } of store.snapshots.list()) await store.snapshots.remove(containerId);
    for (const { id } of store.list()) await store.remove(id, { force: true });
    expect(store.list()).toEqual([]);
    for (const name of ['blobs/sha256', 'layers', 'rootfs', 'leases', 'scratch', 'trash', 'intake']) {
      expect(readdirSync(at('store', name)), name).toEqual([]);
    }
  });

  test('containers removed at once take each other’s remains away, and nothing stays', async () => {
    const image = await store.pull(`${registry.host}/rich:1`);
    const names = Array.from({ length: 8 }, (_, index) => `at-once-${index}`);
    for (const name of names) {
      const deep = join(await unpacked(image.id, name), Array(100).fill('d').join('/'));
      mkdirSync(deep, { recursive: true });
      for (let file = 0; file < 50; file++) writeFileSync(join(deep, `${file}`), '');
    }
    await Promise.all(names.map((name) => store.snapshots.remove(name)));
    expect(readdirSync(at('store/trash'))).toEqual([]);
    expect(store.snapshots.list().filter(({ containerId }) => names.includes(containerId))).toEqual([]);
  });
});
