/**
 * A mutex between threads over one 32-bit word of shared memory.
 * Drepper, "Futexes are tricky" §5, mutex 2: 0 free, 1 held, 2 held with waiters.
 */
export class Lock {
  constructor(
    private readonly words: Int32Array,
    private readonly index: number,
  ) {}

  acquire(): void {
    const { words, index } = this;
    if (Atomics.compareExchange(words, index, 0, 1) === 0) return;
    while (Atomics.exchange(words, index, 2) !== 0) Atomics.wait(words, index, 2);
  }

  release(): void {
    const { words, index } = this;
    if (Atomics.exchange(words, index, 0) === 2) Atomics.notify(words, index, 1);
  }

  /** Runs `body` with the lock held. Not for hot paths: it allocates the closure. */
  holding<T>(body: () => T): T {
    this.acquire();
    try {
      return body();
    } finally {
      this.release();
    }
  }
}
