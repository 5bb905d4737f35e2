import type { VirtioHost } from '../endpoint.ts';
import type { Chain } from './chain.ts';

/**
 * Answers what the driver has queued, one chain after another, in a turn at most as many as the queue has. `answer`
 * fills the chain and returns the bytes written. Whether there may be more.
 */
export function answerQueue(host: VirtioHost, index: number, chain: Chain, answer: () => number): boolean {
  const queue = host.queue(index);
  if (queue === undefined) return false;
  let budget = queue.size;
  do {
    queue.disableNotify();
    while (budget > 0 && queue.pop(chain)) {
      budget--;
      queue.push(chain, answer());
    }
  } while (budget > 0 && queue.enableNotify());
  host.signal(index, queue);
  return budget === 0;
}
