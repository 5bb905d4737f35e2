import { invariant } from '../../base/failure.ts';
import type { Arena } from '../../base/shared-struct.ts';
import { Virtio9p } from '../../devices/virtio/9p/virtio-9p.ts';
import { placeBalloon } from '../../devices/virtio/balloon/balloon-state.ts';
import { VirtioBalloon } from '../../devices/virtio/balloon/virtio-balloon.ts';
import { VirtioBlk } from '../../devices/virtio/blk/virtio-blk.ts';
import { placeConsole } from '../../devices/virtio/console/console-state.ts';
import { VirtioConsole } from '../../devices/virtio/console/virtio-console.ts';
import type { VirtioDevice, VirtioHost } from '../../devices/virtio/endpoint.ts';
import { placeNetReport } from '../../devices/virtio/net/net-report.ts';
import { VirtioNet } from '../../devices/virtio/net/virtio-net.ts';
import { VirtioRng } from '../../devices/virtio/rng/virtio-rng.ts';
import type { VirtioSpecification } from '../../devices/virtio/specification.ts';
import { VirtioVsock } from '../../devices/virtio/vsock/virtio-vsock.ts';
import { discardPages } from '../../linux/memory.ts';
import { openNetLink } from '../../network/open-net-link.ts';
import { UnixPorts } from '../../network/vsock/unix-ports.ts';
import { NineServer } from '../../shares/nine-server.ts';
import { SharedFolder } from '../../shares/shared-folder.ts';
import { openDisk } from '../../storage/open-disk.ts';
import { DriveBay } from '../../storage/removable/drive-bay.ts';
import { noMedium } from '../../storage/removable/no-medium.ts';
import { MACHINE_EVENT, MachineEvents, MachineEventsState } from '../machine/machine-events.ts';

export interface Surroundings {
  /** Whether back ends may complete requests later; where not, they complete every one at once. */
  readonly waits: boolean;
  readonly arena: Arena;
}

/** Opens what a device needs of the host and makes it; throws what is wrong with its file. */
export function makeDevice(
  specification: VirtioSpecification,
  host: VirtioHost,
  { waits, arena }: Surroundings,
): VirtioDevice {
  switch (specification.kind) {
    case 'blk': {
      const { path, format, readOnly, backing, queues, serial } = specification;
      const backend = openDisk({ path, format, readOnly, backing, synchronous: !waits });
      invariant(waits || backend.completionFd < 0, `${path}: the disk completes requests later, and nobody waits`);
      return new VirtioBlk(host, backend, { queues, serial });
    }
    case 'cdrom': {
      const { drive, serial } = specification;
      return cdDevice(host, new DriveBay(drive, !waits), serial);
    }
    case 'net': {
      const { name, mac, link } = specification;
      return new VirtioNet(host, openNetLink(link), mac, placeNetReport(arena, name));
    }
    case 'balloon': {
      const events = new MachineEvents(arena.place(MachineEventsState, 'events'));
      return new VirtioBalloon(host, placeBalloon(arena, specification.name), {
        discard: discardPages,
        changed: () => events.raise(MACHINE_EVENT.balloon),
      });
    }
    case '9p': {
      const { folder, readOnly, tag } = specification;
      return new Virtio9p(host, new NineServer(SharedFolder.open(folder, readOnly)), tag);
    }
    case 'console': {
      const { name, ports } = specification;
      return new VirtioConsole(host, placeConsole(arena, name, ports.length), ports);
    }
    case 'vsock':
      return new VirtioVsock(host, UnixPorts.listen(specification.socket), specification.cid);
    case 'rng':
      return new VirtioRng(host);
  }
}

/** A disk whose medium changes whenever the drive's other half says so. */
function cdDevice(host: VirtioHost, bay: DriveBay, serial: string): VirtioDevice {
  const device = new VirtioBlk(host, noMedium, { queues: 1, serial });
  const change = (): void => bay.change((medium) => device.replace(medium));
  host.watch(bay.wakeFd, { readable: true, writable: false }, change);
  change();
  return device;
}
