import { setIoPriority, setScheduling } from '../../../linux/scheduling.ts';
import type { ProcessSpec } from '../spec/config.ts';

/**
 * OCI runtime 1.2 config §Linux Process: scheduler and ioPriority, of this thread and all that descends from it. While
 * it still has the rights, and no system call filter.
 */
export function applyScheduling({ scheduler, ioPriority }: ProcessSpec): void {
  if (scheduler) setScheduling(scheduler);
  if (ioPriority) setIoPriority(ioPriority.class, ioPriority.priority);
}
