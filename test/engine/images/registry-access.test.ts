/** How registries are got at: by credentials, by tokens, over TLS, and again after a connection was cut. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ImageStore, PullOptions } from '../../../src-main/containers/images/image-store.ts';
import { openImageStore } from '../../../src-main/containers/images/local-image-store.ts';
import { FakeRegistry, type FakeRegistryOptions } from '../../support/engine/fake-registry.ts';
import { packFolder } from '../../support/engine/layout-maker.ts';
import { need } from '../../support/need.ts';
import { bundleWorker } from '../../support/worker-bundle.ts';

const USER = { username: 'ann', password: 'secret' };
const BASIC = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
const DENIED = { code: 'registry-denied' };
const CONTENT = randomBytes(1 << 20);

describe('a registry', () => {
  need('root', 'openssl');
  let folder = '';
  let worker: URL;
  let registry: FakeRegistry | undefined;

  beforeAll(async () => {
    worker = await bundleWorker(new URL('../../../src-main/entries/layer-worker.ts', import.meta.url), 'layer-worker');
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bh-access-'));
    mkdirSync(join(folder, 'tree'));
    writeFileSync(join(folder, 'tree/file'), CONTENT);
  });

  afterEach(() => {
    registry?.stop();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: FakeRegistryOptions): Promise<FakeRegistry> {
    registry = await FakeRegistry.start(packFolder(join(folder, 'tree')), options);
    return registry;
  }

  /** Pulls into a store of its own, and expects the layer's file to be what it was. */
  async function pull({ host }: FakeRegistry, options: PullOptions = {}) {
    const store: ImageStore = await openImageStore({ folder: join(folder, 'store'), worker });
    try {
      const image = await store.pull(`${host}/box:1`, options);
      const { lowerdirs } = await store.snapshots.prepare('c', image.id);
      expect(readFileSync(join(lowerdirs[0] ?? '', 'file')).equals(CONTENT)).toBe(true);
      await store.snapshots.remove('c');
    } finally {
      store.close();
    }
  }

  test('that wants Basic authentication gets name and password, and denies others', async () => {
    const asks = await start({ authorization: BASIC, challenge: () => 'Basic realm="here"' });
    await expect(pull(asks)).rejects.toMatchObject(DENIED);
    await expect(pull(asks, { auth: { ...USER, password: 'wrong' } })).rejects.toMatchObject(DENIED);
    await pull(asks, { auth: USER });
  });

  test('takes a login, or says that it does not', async () => {
    const asks = await start({ authorization: BASIC, challenge: () => 'Basic realm="here"', asksAtOnce: true });
    const store = await openImageStore({ folder: join(folder, 'store'), worker });
    try {
      await store.logIn(asks.host, { auth: USER });
      for (const auth of [{ ...USER, password: 'wrong' }, {}]) {
        await expect(store.logIn(asks.host, { auth })).rejects.toMatchObject({ code: 'login-denied' });
      }
    } finally {
      store.close();
    }
  });

  test('that wants a token: it is fetched with name and password for just this pull', async () => {
    const asks = await start({
      authorization: 'Bearer good',
      challenge: (origin) => `Bearer realm="${origin}/token",service="here",scope="repository:box:pull"`,
      beside: ({ headers }, response) => {
        if (headers.authorization === BASIC) response.end(JSON.stringify({ token: 'good', expires_in: 300 }));
        else response.writeHead(401).end();
      },
    });
    await expect(pull(asks)).rejects.toMatchObject(DENIED);
    asks.asked.length = 0;
    await pull(asks, { auth: USER });
    expect(asks.asked.filter((line) => line.includes('/token'))).toEqual([
      'GET /token?service=here&scope=repository%3Abox%3Apull&account=ann',
    ]);
  });

  test('whose connection is cut is asked for the rest of the layer alone', async () => {
    const cuts = await start({ cutAfter: 300_000 });
    await pull(cuts);
    expect(cuts.asked.filter((line) => / bytes=[1-9]\d*-$/.test(line))).toHaveLength(1);
  });

  test('whose connection is cut, and that knows no ranges, is read again from the start', async () => {
    await pull(await start({ cutAfter: 300_000, knowsRanges: false }));
  });

  describe('elsewhere', () => {
    const address = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

    /** A key and a certificate for that address, which nobody has reason to trust. */
    function ownCertificate(): { key: string; cert: string } {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const subject = ['-subj', '/CN=registry', '-addext', `subjectAltName=IP:${address}`];
      const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject];
      execFileSync('openssl', args, { stdio: 'ignore' });
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    }

    beforeEach(({ skip }) => {
      if (address === undefined) skip('needs an address beside loopback');
    });

    test('with a certificate nobody vouches for is refused, unless it was called insecure', async () => {
      const unknown = await start({ address: address ?? '', tls: ownCertificate() });
      await expect(pull(unknown)).rejects.toMatchObject({ code: 'registry-unreachable', failureClass: 'host' });
      expect(unknown.asked).toEqual([]);
      callInsecure(unknown.host);
      await pull(unknown);
    });

    /** The user's settings of docker's daemon. */
    function settings(text: string): void {
      mkdirSync(join(folder, 'config/docker'), { recursive: true });
      writeFileSync(join(folder, 'config/docker/daemon.json'), text);
      vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
    }

    const callInsecure = (...registries: string[]): void =>
      settings(JSON.stringify({ debug: true, 'insecure-registries': registries }));

    /** What the user keeps for the registry, by the names of the files. */
    function keep({ host }: FakeRegistry, files: Readonly<Record<string, string>>): void {
      const certificates = join(folder, 'config/docker/certs.d', host);
      mkdirSync(certificates, { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(certificates, name), text);
      vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
    }

    test('is trusted when the user keeps the certificate of whoever vouches for it, and only that one', async () => {
      const tls = ownCertificate();
      const known = await start({ address: address ?? '', tls });
      const hint = expect.stringContaining(`certs.d/${known.host}/ca.crt`);
      await expect(pull(known)).rejects.toMatchObject({ code: 'registry-unreachable', hint });
      keep(known, { 'ca.crt': ownCertificate().cert });
      await expect(pull(known)).rejects.toMatchObject({ code: 'registry-unreachable' });
      expect(known.asked).toEqual([]);
      keep(known, { 'ca.crt': tls.cert });
      await pull(known);
    });

    test('that wants to know us by a certificate is shown the one that the user keeps for it', async () => {
      const tls = ownCertificate();
      const asks = await start({ address: address ?? '', tls: { ...tls, ca: tls.cert, requestCert: true } });
      keep(asks, { 'ca.crt': tls.cert });
      await expect(pull(asks)).rejects.toMatchObject({ code: 'registry-unreachable' });
      keep(asks, { 'client.cert': tls.cert });
      await expect(pull(asks)).rejects.toMatchObject({ code: 'registry-certificate' });
      keep(asks, { 'client.key': tls.key });
      await pull(asks);
    });

    test('without TLS is refused, unless it was called insecure', async () => {
      const plain = await start({ address: address ?? '' });
      const hint = expect.stringContaining(`put {"insecure-registries": ["${plain.host}"]} in `);
      await expect(pull(plain)).rejects.toMatchObject({ code: 'registry-unreachable', hint });
      callInsecure('elsewhere:5000', '198.51.100.0/24');
      await expect(pull(plain)).rejects.toMatchObject({ code: 'registry-unreachable' });
      expect(plain.asked).toEqual([]);
      callInsecure(plain.host);
      await pull(plain);
    });

    test('in a subnet that was called insecure is taken without TLS', async () => {
      const plain = await start({ address: address ?? '' });
      callInsecure(`${address}/24`);
      await pull(plain);
    });

    test('is not spoken to while it cannot be told which are insecure', async () => {
      const plain = await start({ address: address ?? '' });
      for (const text of ['{', '{"insecure-registries": true}']) {
        settings(text);
        await expect(pull(plain)).rejects.toMatchObject({
          code: 'registry-settings',
          message: expect.stringContaining('docker/daemon.json: cannot be used: '),
        });
      }
      expect(plain.asked).toEqual([]);
    });
  });
});
