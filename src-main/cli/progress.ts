import type { Disposable } from '../base/disposable.ts';
import type { CliIo } from './cli-io.ts';

const BAR = 30;

/** A bar on standard error, where that is a terminal; nothing elsewhere. Gone when disposed. */
export class ProgressBar implements Disposable {
  private shown = -1;

  constructor(
    private readonly io: CliIo,
    private readonly what: string,
  ) {}

  update(done: number, total: number): void {
    const percent = total > 0 ? Math.floor((done / total) * 100) : 100;
    if (!this.io.stderr.isTTY || percent === this.shown) return;
    this.shown = percent;
    const filled = Math.round((percent / 100) * BAR);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
    this.io.stderr.write(`\r${this.what} ${bar} ${String(percent).padStart(3)} %\x1b[K`);
  }

  dispose(): void {
    if (this.shown >= 0) this.io.stderr.write('\r\x1b[K');
  }
}
