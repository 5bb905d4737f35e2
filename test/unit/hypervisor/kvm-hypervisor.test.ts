import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../../src-main/base/shared-struct.ts';
import { kvmHypervisor } from '../../../src-main/hypervisor/kvm/kvm-hypervisor.ts';
import { MiB } from '../../../src-main/vmm/layout.ts';
import { need } from '../../support/need.ts';
import { asOrdinaryUser } from '../../support/ordinary-user.ts';

describe('KVM as an accelerator', () => {
  need('kvm');

  it('is usable where the processor has vmx or svm; where not, the verdict says so and what to do', () => {
    const verdict = kvmHypervisor.probe();
    expect(verdict).toMatchObject({ accelerator: 'kvm', present: true });
    if (/^flags\s*:.* (vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))) {
      expect(verdict).toMatchObject({ usable: true, detail: expect.stringMatching(/VT-x|AMD-V/) });
    } else if (!verdict.usable) {
      expect(verdict.detail).toContain('without hardware virtualization');
      expect(verdict.hint).toContain('firmware');
    }
  });

  it('is closed to users without the permission, and says which group to join', () => {
    const closed = (statSync('/dev/kvm').mode & 0o006) !== 0o006;
    const verdict = asOrdinaryUser(() => kvmHypervisor.probe());
    if (!closed) return expect(verdict.present).toBe(true);
    expect(verdict).toMatchObject({
      usable: false,
      present: false,
      detail: 'no permission to open /dev/kvm',
      hint: expect.stringContaining('usermod -aG kvm'),
    });
    const arena = Arena.build();
    const create = () => kvmHypervisor.createVm({ name: 'test', memoryBytes: 2 * MiB, cpus: 1, arena });
    expect(() => asOrdinaryUser(create)).toThrow(
      expect.objectContaining({ failureClass: 'host', code: 'kvm-unavailable' }),
    );
  });

  it('gives back what a machine took: a hundred machines, one after another, leave no descriptors', () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const make = () => {
      const arena = Arena.build();
      kvmHypervisor.createVm({ name: 'test', memoryBytes: 2 * MiB, cpus: 1, arena }).dispose();
    };
    make();
    const before = open();
    for (let i = 0; i < 100; i++) make();
    expect(open()).toBe(before);
  });
});
