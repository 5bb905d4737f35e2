import { Failure } from '../../../base/failure.ts';
import { noRotation, type Rotation } from './log-writer.ts';

const UNIT: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };
const KNOWN = new Set(['max-size', 'max-file', 'compress', 'labels', 'env', 'tag', 'mode', 'max-buffer-size']);

/** `--log-opt max-size=10m --log-opt max-file=3`. */
export function rotationOf(options: Readonly<Record<string, string>>): Rotation {
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw wrong(`unknown log opt '${unknown}' for json-file log driver`);
  const size = options['max-size'];
  const files = options['max-file'];
  if (files !== undefined && !/^[1-9]\d{0,3}$/.test(files))
    throw wrong(`max-file '${files}': a number from 1 is expected`);
  if (size === undefined) return noRotation;
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(size) ?? [];
  const maxSize = Number(amount) * (UNIT[unit.toLowerCase()] ?? Number.NaN);
  if (!(maxSize > 0)) throw wrong(`max-size '${size}': a size like 10m is expected`);
  return { maxSize, maxFiles: Number(files ?? 1) };
}

function wrong(message: string): Failure {
  return new Failure('usage', 'bad-log-option', message);
}
