import os from 'node:os';
import { Failure } from '../../base/failure.ts';

/** `SIGTERM`, `term` or `15`. */
export function signalNumber(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 64) return Number(text);
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const number = (os.constants.signals as Readonly<Record<string, number | undefined>>)[name];
  if (number !== undefined) return number;
  const realTime = /^SIGRTM(IN|AX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime) {
    const base = realTime[1] === 'IN' ? 34 : 64;
    const value = base + Number(`${realTime[2] ?? '+'}${realTime[3] ?? 0}`);
    if (value >= 34 && value <= 64) return value;
  }
  throw new Failure('usage', 'bad-signal', `Invalid signal: ${text}`);
}
