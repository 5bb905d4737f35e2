import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { gzipSync } from 'node:zlib';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

export interface FakeRegistryOptions {
  /** What is asked of whoever shows no or a wrong Authorization header. */
  readonly challenge?: (origin: string) => string;
  /** The header that is good; any is when left out. */
  readonly authorization?: string;
  /** Asked for at `/v2/` already, as real ones do. */
  readonly asksAtOnce?: boolean;
  /** Answers what is no part of the registry's interface, as a token server does. */
  readonly beside?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Bytes of a layer after which the first connection that reads it is cut. */
  readonly cutAfter?: number;
  readonly knowsRanges?: boolean;
  readonly address?: string;
  /** PEM; plain HTTP without. */
  readonly tls?: Pick<TlsOptions, 'key' | 'cert' | 'ca' | 'requestCert'>;
}

/** A registry of one image, `box:1`, with one layer: OCI distribution 1.1, as far as a pull goes. */
export class FakeRegistry {
  /** `GET <path>`, with the range that was asked for. */
  readonly asked: string[] = [];
  private readonly blobs = new Map<string, Buffer>();
  private readonly manifest: Buffer;
  private readonly layer: string;
  private cut = false;

  private constructor(
    tar: Buffer,
    private readonly options: FakeRegistryOptions,
    private readonly server = options.tls ? createTlsServer(options.tls) : createServer(),
  ) {
    const config = JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    });
    const layer = this.put(gzipSync(tar), 'application/vnd.oci.image.layer.v1.tar+gzip');
    this.layer = layer.digest;
    const described = this.put(Buffer.from(config), 'application/vnd.oci.image.config.v1+json');
    this.manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: described, layers: [layer] }),
    );
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
  }

  static async start(tar: Buffer, options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(tar, options);
    await new Promise<void>((resolve) => registry.server.listen(0, options.address ?? '127.0.0.1', resolve));
    return registry;
  }

  get host(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  get origin(): string {
    return `${this.options.tls ? 'https' : 'http'}://${this.host}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private put(bytes: Buffer, mediaType: string): { mediaType: string; digest: string; size: number } {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', method = '' } = request;
    const { range, authorization } = request.headers;
    this.asked.push([method, url, ...(range === undefined ? [] : [range])].join(' '));
    if (!url.startsWith('/v2/')) {
      this.options.beside?.(request, response);
      return;
    }
    const { authorization: good = authorization, challenge, asksAtOnce } = this.options;
    if ((asksAtOnce || url !== '/v2/') && authorization !== good) {
      response.writeHead(401, challenge ? { 'www-authenticate': challenge(this.origin) } : {}).end();
    } else if (url === '/v2/') response.end('{}');
    else if (url === '/v2/box/manifests/1') response.setHeader('content-type', MANIFEST).end(this.manifest);
    else this.sendBlob(url.replace('/v2/box/blobs/', ''), range, response);
  }

  private sendBlob(digest: string, range: string | undefined, response: ServerResponse): void {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { cutAfter, knowsRanges = true } = this.options;
    if (digest === this.layer && cutAfter !== undefined && !this.cut) {
      this.cut = true;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, cutAfter), () => response.destroy());
      return;
    }
    const from = knowsRanges ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
    response.writeHead(from > 0 ? 206 : 200).end(bytes.subarray(from));
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
