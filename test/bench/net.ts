import { USER_NETWORK } from '../../src-main/network/passt/passt-arguments.ts';
import type { Lab } from '../support/lab/lab.ts';
import { LOAD_PROGRAMS } from '../support/lab/load-guest.ts';
import { startPasst, virtioCard } from '../support/lab/qemu-q35.ts';
import type { Figure } from './figure.ts';
import { benchPair, LabPair, type Load, type Pace } from './lab-pair.ts';

const PORT = 8097;
const SOCKET = '/tmp/qemu-passt';

const pace: Pace = { warmUpS: 20, loadS: 2, runs: 5 };
const loads: readonly Load[] = [
  load('net-guest-to-host', 'take', 'MB/s', 1e-6),
  load('net-host-to-guest', 'give', 'MB/s', 1e-6),
  load('net-round-trips', 'echo', '1/s', 1),
];

/**
 * In the KVM lab: one TCP connection from the guest to a server of the host's through virtio-net and passt, against QEMU's
 * virtio-net-pci on KVM with a passt of the same options, in packets of the same size.
 */
export function benchNet(): Promise<Figure[]> {
  return benchPair(startPair, loads, pace);
}

async function startPair(lab: Lab): Promise<LabPair> {
  await startPasst(lab, SOCKET);
  const pair = await LabPair.start(lab, {
    ours: ['--net', 'user'],
    qemu: virtioCard(SOCKET, `,host_mtu=${USER_NETWORK.mtu}`),
  });
  await lab.output(`${LOAD_PROGRAMS}/net-load serve ${PORT} </dev/null >/dev/null 2>&1 &`);
  return pair;
}

function load(name: string, order: 'take' | 'give' | 'echo', unit: string, each: number): Load {
  return { name, unit, order: (seconds) => `net-load ${order} ${USER_NETWORK.host} ${PORT} ${seconds}`, each };
}
