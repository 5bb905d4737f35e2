import { CLONE } from '../../../linux/namespaces.ts';
import type { NamespaceType } from '../spec/linux.ts';

/** In the order they are entered: once in another mount namespace, the files of the others are out of reach. */
export const NAMESPACE_BITS: Readonly<Record<NamespaceType, number>> = {
  user: CLONE.NEWUSER,
  pid: CLONE.NEWPID,
  network: CLONE.NEWNET,
  ipc: CLONE.NEWIPC,
  uts: CLONE.NEWUTS,
  cgroup: CLONE.NEWCGROUP,
  time: CLONE.NEWTIME,
  mount: CLONE.NEWNS,
};
