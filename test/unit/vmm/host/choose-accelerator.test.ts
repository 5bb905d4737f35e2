import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../../src-main/hypervisor/hypervisor.ts';
import { kvmHypervisor } from '../../../../src-main/hypervisor/kvm/kvm-hypervisor.ts';
import { newMachineConfig, patchedConfig } from '../../../../src-main/inventory/machine-config.ts';
import { chooseAccelerator, requireCpus } from '../../../../src-main/vmm/host/choose-accelerator.ts';

const draft = { name: 'two', memoryMiB: 64, boot: { kind: 'guest', guest: 'tiny-linux' } } as const;
const config = (more: object) => newMachineConfig({ ...draft, ...more }, crypto.randomUUID(), new Date().toISOString());

describe('two CPUs on the translating accelerator', () => {
  it('are refused when it is asked for by name, before there is a machine', () => {
    const refusal = expect.objectContaining({
      failureClass: 'usage',
      message: 'machine "two": 2 CPUs: the translating accelerator has one',
    });
    expect(() => config({ accelerator: 'translated', cpus: 2 })).toThrow(refusal);
    expect(() => patchedConfig(config({ accelerator: 'translated' }), { cpus: 2 })).toThrow(refusal);
    expect(patchedConfig(config({ cpus: 2 }), { accelerator: 'translated', cpus: 1 })).toMatchObject({ cpus: 1 });
  });

  it('are the host’s lack when the machine would take KVM, with what to do about it', async () => {
    const translated = await chooseAccelerator('translated');
    expect(() => requireCpus(translated, config({ cpus: 2 }))).toThrow(
      expect.objectContaining({
        failureClass: 'host',
        message: 'machine "two": 2 CPUs: the translating accelerator has one',
        hint: '`bulkhead vm set "two" cpus=1`; `bulkhead host check` says what this computer can run',
      }),
    );
    expect(() => requireCpus(translated, config({ cpus: 1 }))).not.toThrow();
  });

  it('KVM gives as many as it says it can, and 64 at most', () => {
    const kvm = (maxVcpus: number) => ({
      verdict: { accelerator: 'kvm', usable: true, present: true, detail: '', maxVcpus } as Verdict,
      createVm: () => expect.unreachable(),
    });
    expect(() => requireCpus(kvm(1024), config({ cpus: 64 }))).not.toThrow();
    expect(() => requireCpus(kvm(8), config({ cpus: 9 }))).toThrow('9 CPUs: KVM here runs 8');
  });
});

describe('the accelerator a machine runs on', () => {
  it('`auto` takes KVM where it runs ordinary guests, and the translating one otherwise', async () => {
    const { verdict } = await chooseAccelerator('auto');
    expect(verdict.usable).toBe(true);
    expect(verdict.accelerator).toBe(kvmHypervisor.probe().usable ? 'kvm' : 'translated');
  });

  it('KVM asked for by name where there is none, or it is closed to us, is refused with the reason and what to do', async () => {
    const kvm = kvmHypervisor.probe();
    const choose = chooseAccelerator('kvm');
    if (kvm.present) return expect((await choose).verdict.accelerator).toBe('kvm');
    await expect(choose).rejects.toMatchObject({
      failureClass: 'host',
      code: 'kvm-unavailable',
      message: `accelerator kvm: ${existsSync('/dev/kvm') ? 'no permission to open /dev/kvm' : 'there is no /dev/kvm'}`,
      hint: expect.stringMatching(existsSync('/dev/kvm') ? /usermod -aG kvm/ : /load the kvm_intel or kvm_amd module/),
    });
  });
});
