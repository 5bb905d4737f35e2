import { log } from '../../base/log.ts';
import type { BlockBackend, BlockRequest, BlockStatus } from '../block-backend.ts';
import { refuse } from '../raw/raw-disk.ts';
import { type Job, JobPool, statusOf, type Transfers } from '../transfers.ts';
import { ClusterWriter } from './cluster-writer.ts';
import type { Qcow2Layer } from './qcow2-layer.ts';

const SECTOR = 512;

/** A qcow2 image as a disk. */
export class Qcow2Disk implements BlockBackend {
  readonly sizeBytes: number;
  readonly optimalBlockBytes: number;
  private readonly jobs = new JobPool();
  private readonly writer: ClusterWriter;
  private readonly clusterBytes: number;

  constructor(
    private readonly layer: Qcow2Layer,
    private readonly transfers: Transfers,
  ) {
    this.sizeBytes = Math.ceil(layer.sizeBytes / SECTOR) * SECTOR;
    this.clusterBytes = 2 ** layer.header.clusterBits;
    this.optimalBlockBytes = this.clusterBytes;
    this.writer = new ClusterWriter(layer);
  }

  get readOnly(): boolean {
    return this.layer.file.readOnly;
  }

  get completionFd(): number {
    return this.transfers.completionFd;
  }

  submit(request: BlockRequest): void {
    const refusal = refuse(this, request) ?? this.refuseDamaged(request);
    if (refusal !== undefined) {
      request.done(refusal);
      return;
    }
    const job = this.jobs.take(request);
    let status: BlockStatus = 'ok';
    try {
      this.start(request, job);
    } catch (error) {
      status = statusOf(error);
      log('warn', 'disk-request-failed', { disk: this.layer.file.object, op: request.op, why: String(error) });
    }
    job.end(status);
  }

  reap(): void {
    this.transfers.reap();
  }

  plug(): void {
    this.transfers.plug();
  }

  unplug(): void {
    this.transfers.unplug();
  }

  dispose(): void {
    const { layer, transfers } = this;
    try {
      transfers.drain();
      if (!this.readOnly && !layer.metadata.damaged) while (!layer.metadata.clean) layer.metadata.commit();
    } catch (error) {
      log('error', 'disk-not-written-out', { disk: layer.file.object, why: String(error) });
    } finally {
      transfers.dispose();
      layer.dispose();
    }
  }

  private refuseDamaged({ op }: BlockRequest): BlockStatus | undefined {
    return this.layer.metadata.damaged && op !== 'read' && op !== 'flush' ? 'failed' : undefined;
  }

  private start({ op, offset, length }: BlockRequest, job: Job): void {
    const { layer, transfers, writer } = this;
    switch (op) {
      case 'read':
        layer.read(transfers, job, 0, offset, length);
        break;
      case 'write':
        this.write(job, offset, length);
        break;
      case 'flush':
        if (layer.metadata.damaged || layer.metadata.clean) {
          if (!this.readOnly) transfers.sync(layer.file, job);
        } else layer.metadata.commit();
        break;
      case 'discard':
        writer.discard(offset, length);
        break;
      case 'write-zeroes':
        writer.zero(offset, length);
        break;
    }
  }

  /** Writes in place where the image has clusters of its own, and gives the image clusters where it has not. */
  private write(job: Job, offset: number, length: number): void {
    const { metadata, file } = this.layer;
    const { pieces } = job.request!;
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const cluster = Math.floor(at / this.clusterBytes);
      const inCluster = at % this.clusterBytes;
      metadata.lookUp(cluster);
      if (!metadata.isOwn) {
        done += this.writer.allocateAndWrite(at, pieces, done, length - done);
        continue;
      }
      const host = metadata.hostOffset();
      if (host === 0 || metadata.isReserved(host)) throw metadata.damage('a cluster of the disk is on top of a table');
      let part = this.clusterBytes - inCluster;
      for (let next = cluster + 1; part < length - done; next++) {
        metadata.lookUp(next);
        if (!metadata.isOwn || metadata.hostOffset() !== host + part + inCluster) break;
        if (metadata.isReserved(host + part + inCluster)) break;
        part += this.clusterBytes;
      }
      part = Math.min(part, length - done);
      this.transfers.write(file, host + inCluster, job, done, part);
      done += part;
    }
  }
}
