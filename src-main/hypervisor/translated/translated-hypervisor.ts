import { Failure } from '../../base/failure.ts';
import { MiB } from '../../vmm/layout.ts';
import type { Verdict, Vm, VmOptions } from '../hypervisor.ts';
import { engineModule } from './engine-module.ts';
import { translatedLimits } from './limits.ts';
import { TranslatedVm } from './translated-vm.ts';

/** v86 behind the seam: translates 32-bit x86 to WebAssembly. Needs nothing of the host. */
export const translatedHypervisor = {
  probe(): Verdict {
    const { maxMemoryBytes, maxVcpus } = translatedLimits();
    const verdict = { accelerator: 'translated', maxVcpus } as const;
    try {
      engineModule();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return {
        ...verdict,
        usable: false,
        present: false,
        detail: error.message,
        ...(error.hint ? { hint: error.hint } : {}),
      };
    }
    const detail = `works on every computer, without hardware virtualization: 32-bit guests, one CPU, up to ${maxMemoryBytes / MiB} MiB of memory`;
    return { ...verdict, usable: true, present: true, detail };
  },

  createVm(options: VmOptions): Vm {
    return new TranslatedVm(options);
  },
};
