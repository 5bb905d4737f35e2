import { type Disposable, owning } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import type { Fd } from '../../linux/fd.ts';
import { SystemCallFailure } from '../../linux/libc.ts';
import { addToBridge, bringUp, interfaceExists, mtuOf, openTap } from '../../linux/tap.ts';
import { NET_HEADER_BYTES } from '../net-backend.ts';
import type { TapLinkSeed } from './tap-link.ts';

/** A tap interface of the host's, held open for one guest; goes with it unless it was there before. */
export class TapNetwork implements Disposable {
  readonly seed: TapLinkSeed;

  private constructor(
    private readonly fd: Fd,
    device: string,
  ) {
    this.seed = { kind: 'tap', fd: fd.number, mtu: mtuOf(device) };
  }

  /** @param machine for messages: `machine "web"` */
  static open(machine: string, device: string): TapNetwork {
    try {
      return TapNetwork.connect(device);
    } catch (error) {
      throw refusal(error, `${machine}: tap ${device}`, `sudo ip tuntap add dev ${device} mode tap user $USER`);
    }
  }

  /** A tap of this machine's own, as a port of `bridge`; it goes when this process ends, however it does. */
  static openOnBridge(machine: string, bridge: string, device: string): TapNetwork {
    const what = `${machine}: bridge ${bridge}`;
    if (!interfaceExists(bridge)) {
      throw new Failure('host', 'no-such-bridge', `${what}: there is no such interface`, {
        hint: `sudo ip link add ${bridge} type bridge`,
      });
    }
    try {
      return owning((owner) => {
        const tap = owner.own(TapNetwork.connect(device));
        addToBridge(bridge, device);
        return tap;
      });
    } catch (error) {
      const made = `sudo ip tuntap add dev ${device} mode tap user $USER && sudo ip link set ${device} master ${bridge} up`;
      throw refusal(error, what, `${made}, then use tap:${device}`);
    }
  }

  private static connect(device: string): TapNetwork {
    const existed = interfaceExists(device);
    return owning((owner) => {
      const fd = owner.own(openTap(device, NET_HEADER_BYTES));
      if (!existed) bringUp(device);
      return new TapNetwork(fd, device);
    });
  }

  dispose(): void {
    this.fd.dispose();
  }
}

function refusal(error: unknown, what: string, hint: string): unknown {
  if (!(error instanceof SystemCallFailure)) return error;
  switch (error.errnoName) {
    case 'EPERM':
    case 'EACCES':
      return new Failure('host', 'tap-not-allowed', `${what}: you may not use it`, { hint, cause: error });
    case 'ENOTSUP':
      return new Failure('host', 'not-a-bridge', `${what}: it is no bridge`, {
        hint: '`ip link show type bridge` lists those there are',
        cause: error,
      });
    case 'EBUSY':
      return new Failure('state', 'tap-in-use', `${what}: another program has it open`, { cause: error });
    case 'EINVAL':
      return new Failure('host', 'not-a-tap', `${what}: it is no tap interface with a virtio-net header`, {
        cause: error,
      });
    case 'ENOENT':
    case 'ENODEV':
      return new Failure('host', 'no-tun', `${what}: this host has no /dev/net/tun`, {
        hint: 'sudo modprobe tun',
        cause: error,
      });
    default:
      return error;
  }
}
