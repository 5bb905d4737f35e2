import { Failure } from '../base/failure.ts';
import { COMMAND_LINE_ADDRESS, COMMAND_LINE_MAX } from '../vmm/layout.ts';
import type { Segment } from './boot-image.ts';

/** The command line with its terminating zero. `kernelLimit` is the kernel's own bound, without the zero. */
export function commandLineSegment(commandLine: string, kernelLimit: number = COMMAND_LINE_MAX): Segment {
  if (commandLine.includes('\0')) {
    throw new Failure('usage', 'command-line-invalid', 'kernel command line: contains a NUL character');
  }
  const text = new TextEncoder().encode(commandLine);
  const limit = Math.min(kernelLimit, COMMAND_LINE_MAX);
  if (text.length > limit) {
    const why = `${text.length} bytes are too long; this kernel takes ${limit}`;
    throw new Failure('usage', 'command-line-too-long', `kernel command line: ${why}`, {
      hint: 'shorten the command line',
      facts: { length: text.length, limit },
    });
  }
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text);
  return { gpa: COMMAND_LINE_ADDRESS, bytes };
}
