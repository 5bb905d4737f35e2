/**
 * virtio-9p, the 9P transport (virtio 1.2 §5, device id 9; its queue and configuration as Linux net/9p/trans_virtio.c
 * has them). What the messages say is a `FileServer`'s affair. Guest driver: Linux 9pnet_virtio.
 */
import type { Disposable } from '../../../base/disposable.ts';
import type { VirtioDevice, VirtioHost } from '../endpoint.ts';
import { answerQueue } from '../queue/answer-queue.ts';
import { Chain } from '../queue/chain.ts';

export const TRANSPORT_9P = 9;
export const NINE_QUEUE_SIZE = 128;
const REQUESTS = 0;
/** Feature bit: the configuration has a mount tag. */
const MOUNT_TAG = 0;

/** Answers one message of the guest's at a time. */
export interface FileServer extends Disposable {
  /** The most a message may have, in bytes. */
  readonly mostBytes: number;
  /** The least room an answer needs. */
  readonly leastRoom: number;
  /** Answers `request` into `reply`; the answer's length, 0 for none. */
  answer(request: Uint8Array, reply: Uint8Array): number;
  /** The guest is gone. */
  reset(): void;
}

export class Virtio9p implements VirtioDevice {
  readonly features = [MOUNT_TAG];
  readonly config: Uint8Array;
  private readonly chain = new Chain(2 * NINE_QUEUE_SIZE);
  private readonly request: Uint8Array;
  private readonly reply: Uint8Array;

  constructor(
    private readonly host: VirtioHost,
    private readonly server: FileServer,
    tag: string,
  ) {
    const name = new TextEncoder().encode(tag);
    this.config = Uint8Array.from([name.length & 0xff, name.length >> 8, ...name]);
    this.request = new Uint8Array(server.mostBytes);
    this.reply = new Uint8Array(server.mostBytes);
  }

  serve(): boolean {
    return answerQueue(this.host, REQUESTS, this.chain, this.answer);
  }

  reset(): void {
    this.server.reset();
  }

  dispose(): void {
    this.server.dispose();
  }

  /** Has the chain's message answered into the chain; how many bytes that were. */
  private readonly answer = (): number => {
    const { chain, server, request, reply, host } = this;
    const room = Math.min(chain.writableBytes, reply.length);
    if (room < server.leastRoom || chain.readableBytes > request.length) return 0;
    const length = chain.read(host.memory, 0, request);
    const answered = server.answer(request.subarray(0, length), reply.subarray(0, room));
    return chain.write(host.memory, 0, reply.subarray(0, answered));
  };
}
