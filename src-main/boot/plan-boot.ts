import type { Owner } from '../base/disposable.ts';
import { owning } from '../base/disposable.ts';
import { invariant } from '../base/failure.ts';
import type { BootImage } from './boot-image.ts';
import type { BootPlan, BootRequest, OpenedRequest } from './boot-request.ts';
import { isElf } from './elf/elf-file.ts';
import { readKernelHead, refuseUnknown } from './kernel-head.ts';
import { isBzImage, planBzImage } from './linux-x86/bzimage.ts';
import { PayloadFile } from './payload-file.ts';
import { planVmlinux } from './pvh/vmlinux.ts';

/**
 * What to put into RAM and where to start, for a kernel with an optional initrd. Everything that can be refused is
 * refused here, before anything runs. The image owns the files it opened.
 */
export function planBoot(request: BootRequest): BootImage {
  invariant(Number.isSafeInteger(request.memoryBytes) && request.memoryBytes >= 0, 'memory size is not a whole number');
  return owning((owner) => {
    const kernel = owner.own(PayloadFile.open('kernel', request.kernel));
    const head = readKernelHead(kernel);
    const initrd = request.initrd === undefined ? undefined : owner.own(PayloadFile.open('initrd', request.initrd));
    const plan = planByKind({ ...request, kernel, head, initrd }, owner);
    return { ...plan, dispose: () => owner.dispose() };
  });
}

function planByKind(request: OpenedRequest, owner: Owner): BootPlan {
  if (isElf(request.head)) return planVmlinux(request, owner);
  if (isBzImage(request.head)) return planBzImage(request);
  throw refuseUnknown(request.kernel, request.head);
}
