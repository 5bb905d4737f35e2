import { describe, expect, test } from 'vitest';
import { ConsoleFlow, highWatermark } from '../../../src-main/ipc/console-flow.ts';

/** A terminal and a socket around the flow, which note what they are told. */
class Ends {
  readonly frames: Uint8Array[] = [];
  readonly told: string[] = [];
  readonly flow = new ConsoleFlow({
    deliver: (bytes) => this.frames.push(bytes),
    pause: () => this.told.push('pause'),
    resume: () => this.told.push('resume'),
  });

  drawAll(): void {
    for (let drawn = 0; drawn < this.frames.length; drawn += 1) {
      if (drawn >= this.drawn) this.flow.drawn((this.frames[drawn] as Uint8Array).length);
    }
    this.drawn = this.frames.length;
  }

  private drawn = 0;
}

const chunk = (size: number, fill = 0): Uint8Array => new Uint8Array(size).fill(fill);

describe('the flow between a guest that prints and a terminal that draws', () => {
  test('a keystroke’s echo passes at once', () => {
    const { flow, frames } = new Ends();
    flow.arrived(chunk(1));
    expect(frames.map(({ length }) => length)).toEqual([1]);
  });

  test('small chunks are gathered into one frame while the terminal is behind', () => {
    const ends = new Ends();
    for (let i = 0; i < 1000; i += 1) ends.flow.arrived(chunk(10));
    expect(ends.frames.length).toBeLessThan(6);
    ends.drawAll();
    ends.drawAll();
    expect(ends.frames.reduce((sum, { length }) => sum + length, 0)).toBe(10_000);
    expect(ends.frames.length).toBeLessThan(8);
  });

  test('above the watermark the source is paused, once, and goes on when most is drawn', () => {
    const ends = new Ends();
    for (let sent = 0; sent <= highWatermark * 2; sent += 65_536) ends.flow.arrived(chunk(65_536));
    expect(ends.told).toEqual(['pause']);
    for (let i = 0; i < 10; i += 1) ends.drawAll();
    expect(ends.told).toEqual(['pause', 'resume']);
  });

  test('no byte is lost or moved, whatever the sizes', () => {
    const ends = new Ends();
    const sent: number[] = [];
    for (let i = 0; i < 500; i += 1) {
      const bytes = chunk(1 + ((i * 7919) % 3000), i % 251);
      sent.push(...bytes);
      ends.flow.arrived(bytes);
      if (i % 17 === 0) ends.drawAll();
    }
    ends.flow.flush();
    expect(Buffer.concat(ends.frames).equals(Buffer.from(sent))).toBe(true);
  });

  test('an acknowledgement may be partial, or claim more than was sent', () => {
    const { flow, frames, told } = new Ends();
    flow.arrived(chunk(100));
    flow.drawn(30);
    flow.drawn(1_000_000);
    flow.arrived(chunk(5));
    expect(frames.map(({ length }) => length)).toEqual([100, 5]);
    expect(told).toEqual([]);
  });
});
