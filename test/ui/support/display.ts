import { type ChildProcess, spawn } from 'node:child_process';
import type { Disposable } from '../../../src-main/base/disposable.ts';

export interface Display extends Disposable {
  readonly name: string;
}

/** The display there is, or an Xvfb of our own. */
export async function openDisplay(): Promise<Display> {
  if (process.env.DISPLAY) return { name: process.env.DISPLAY, dispose: () => undefined };
  const xvfb = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return { name: `:${await firstLine(xvfb)}`, dispose: () => xvfb.kill() };
}

function firstLine(xvfb: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    xvfb.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.trim());
    });
    xvfb.on('error', reject);
    xvfb.on('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
  });
}
