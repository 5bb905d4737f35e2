/** virtio-rng, the entropy device (virtio 1.2 §5.4). Guest driver: Linux virtio_rng. */
import { randomFillSync } from 'node:crypto';
import type { VirtioDevice, VirtioHost } from '../endpoint.ts';
import { answerQueue } from '../queue/answer-queue.ts';
import { Chain } from '../queue/chain.ts';

export const ENTROPY_DEVICE = 4;
export const RNG_QUEUE_SIZE = 64;
const REQUESTQ = 0;
/** What one buffer gets at most: the driver asks again for more. */
const MOST_BYTES = 65_536;

export class VirtioRng implements VirtioDevice {
  readonly features = [];
  readonly config = new Uint8Array(0);
  private readonly chain = new Chain(2 * RNG_QUEUE_SIZE);
  private readonly random = new Uint8Array(MOST_BYTES);

  constructor(private readonly host: VirtioHost) {}

  serve(): boolean {
    return answerQueue(this.host, REQUESTQ, this.chain, this.answer);
  }

  /** §5.4.6.1: at least one byte goes into every buffer. */
  private readonly answer = (): number => {
    const { chain } = this;
    const bytes = this.random.subarray(0, Math.min(chain.writableBytes, MOST_BYTES));
    randomFillSync(bytes);
    return chain.write(this.host.memory, 0, bytes);
  };

  reset(): void {}

  dispose(): void {}
}
