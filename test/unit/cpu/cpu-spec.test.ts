import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src-main/base/failure.ts';
import { formatCpuSpec, parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';

const features = (text: string) => Object.fromEntries(parseCpuSpec(text).features);

describe('a --cpu argument', () => {
  it.each<[string, Record<string, boolean>]>([
    ['host', {}],
    ['EPYC-Rome', {}],
    ['Skylake-Server-IBRS,+pcid,-avx512f', { pcid: true, avx512f: false }],
    ['Haswell, +avx2 , -rtm', { avx2: true, rtm: false }],
    ['Haswell,avx2=on,rtm=off,hle', { avx2: true, rtm: false, hle: true }],
    ['qemu64,+sse3', { pni: true }],
    ['qemu64,+sse4_1,+sse4-2,+i64,-xd', { 'sse4.1': true, 'sse4.2': true, lm: true, nx: false }],
    ['qemu64,+kvm_steal_time', { 'kvm-steal-time': true }],
  ])('%s', (text, expected) => expect(features(text)).toEqual(expected));

  it('-flag beats +flag beats flag=on|off, in whatever order they stand, as in QEMU', () => {
    expect(features('host,-avx,+avx,avx=on')).toEqual({ avx: false });
    expect(features('host,+avx,avx=off')).toEqual({ avx: true });
  });

  it('identity and preset are read', () => {
    const { identity, mitigations } = parseCpuSpec(
      'EPYC,vendor=GenuineIntel,family=0x19,model=1,stepping=2,model-id=A CPU,phys-bits=46,mitigations=on',
    );
    expect(identity).toEqual({
      vendor: 'GenuineIntel',
      family: 25,
      model: 1,
      stepping: 2,
      modelId: 'A CPU',
      physBits: 46,
    });
    expect(mitigations).toBe(true);
  });

  it.each([
    'host',
    'Skylake-Server-v4,+pcid,-avx512f',
    'EPYC,+ibpb,vendor=GenuineIntel,stepping=3,phys-bits=46,mitigations=on',
  ])('%s reads back as it was written', (text) => expect(formatCpuSpec(parseCpuSpec(text))).toBe(text));

  it.each<[string, string, string | undefined]>([
    ['', 'a model name comes first', 'for example host or Skylake-Server,-avx512f'],
    [',+avx', 'a model name comes first', 'for example host or Skylake-Server,-avx512f'],
    ['Skylake-Servr', 'there is no CPU model "Skylake-Servr"', 'did you mean Skylake-Server?'],
    ['epyc_rome', 'there is no CPU model "epyc_rome"', 'did you mean EPYC-Rome?'],
    ['Skylake-Server-v9', 'there is no CPU model "Skylake-Server-v9"', 'did you mean Skylake-Server-v1?'],
    ['🦆', 'there is no CPU model "🦆"', '`bulkhead cpu list` shows every model'],
    ['__proto__', 'there is no CPU model "__proto__"', '`bulkhead cpu list` shows every model'],
    ['EPYC,+avx3', 'there is no CPU feature "avx3"', 'did you mean avx?'],
    ['EPYC,-constructor', 'there is no CPU feature "constructor"', undefined],
    ['EPYC,+', 'a feature name is missing', undefined],
    ['EPYC,', 'a feature name is missing', undefined],
    ['EPYC,avx=maybe', 'avx is on or off, not "maybe"', undefined],
    ['EPYC,vendor=Intel', 'vendor "Intel" is not 12 characters long', undefined],
    ['EPYC,stepping=16', 'stepping "16" is not a number from 0 to 15', undefined],
    ['EPYC,family=1e1', 'family "1e1" is not a number from 0 to 270', undefined],
    ['EPYC,phys-bits=64', 'phys-bits "64" is not a number from 32 to 52', undefined],
    [`EPYC,model-id=${'x'.repeat(49)}`, 'model-id is longer than 48 plain characters', undefined],
  ])('%s is refused: %s', (text, why, hint) => {
    let failure: unknown;
    try {
      parseCpuSpec(text);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ failureClass: 'usage', message: `cpu "${text}": ${why}` });
    if (hint !== undefined) expect(failure).toMatchObject({ hint });
  });
});
