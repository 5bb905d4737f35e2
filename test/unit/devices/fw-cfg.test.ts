import { describe, expect, test } from 'vitest';
import { FwCfg, FwCfgState } from '../../../src-main/devices/legacy/fw-cfg.ts';
import { placed } from './pins.ts';

const file = { name: 'etc/e820', bytes: Uint8Array.of(1, 2, 3) };

function firmwareConfiguration() {
  const chip = new FwCfg(placed(FwCfgState), { cpus: 3, files: [{ name: 'etc/z', bytes: new Uint8Array(1) }, file] });
  const select = (key: number) => chip.write(0, 2, key);
  const read = (count: number) => Array.from({ length: count }, () => chip.read(1, 1));
  return { chip, select, read };
}

describe('fw_cfg', () => {
  test('after power-on the signature is selected', () => {
    const { read } = firmwareConfiguration();
    expect(String.fromCharCode(...read(4))).toBe('QEMU');
  });

  test('id has the traditional interface, and no DMA', () => {
    const { select, read } = firmwareConfiguration();
    select(1);
    expect(read(4)).toEqual([1, 0, 0, 0]);
  });

  test('selecting starts an item anew; past its end all bytes are zero', () => {
    const { select, read } = firmwareConfiguration();
    select(0x20);
    expect(read(5)).toEqual([1, 2, 3, 0, 0]);
    select(0x20);
    expect(read(1)).toEqual([1]);
  });

  test('the directory is sorted by name, its numbers big-endian', () => {
    const { select, read } = firmwareConfiguration();
    select(0x19);
    expect(read(4)).toEqual([0, 0, 0, 2]);
    const entry = read(64);
    expect(entry.slice(0, 8)).toEqual([0, 0, 0, 3, 0, 0x20, 0, 0]);
    expect(String.fromCharCode(...entry.slice(8, 17))).toBe('etc/e820\0');
  });

  test('the number of CPUs stands where firmware waits for that many', () => {
    const { select, read } = firmwareConfiguration();
    select(5);
    expect(read(2)).toEqual([3, 0]);
  });

  test('items there are not, those of the architecture among them, are all zero', () => {
    const { select, read } = firmwareConfiguration();
    for (const key of [0x02, 0x7777, 0x8000, 0x8001, 0xffff]) {
      select(key);
      expect(read(4), `key ${key}`).toEqual([0, 0, 0, 0]);
    }
  });

  test('narrow and misplaced accesses change nothing', () => {
    const { chip, read } = firmwareConfiguration();
    chip.write(0, 1, 5);
    chip.write(1, 1, 5);
    expect(chip.read(0, 2)).toBe(0);
    expect(String.fromCharCode(...read(4))).toBe('QEMU');
  });

  test('a reset selects the signature again', () => {
    const { chip, select, read } = firmwareConfiguration();
    select(0x20);
    chip.reset();
    expect(read(1)).toEqual(['Q'.charCodeAt(0)]);
  });
});
