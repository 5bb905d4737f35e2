const RETRY_MS = 10;

/**
 * Attempts something that others keep from working for moments only, again and again for up to `ms`, while this thread
 * does nothing else. Returns null when it never worked, or when it was `hopeless`.
 */
export function patiently<T>(ms: number, attempt: () => T | null, hopeless: () => boolean = () => false): T | null {
  const end = performance.now() + ms;
  for (;;) {
    const result = attempt();
    if (result !== null || performance.now() > end || hopeless()) return result;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
  }
}
