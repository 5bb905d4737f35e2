import type { NetLinkSeed } from '../../network/net-backend.ts';
import type { BackingFile } from '../../storage/block-backend.ts';
import type { DriveSeed } from '../../storage/removable/drive-seed.ts';
import { NINE_QUEUE_SIZE, TRANSPORT_9P } from './9p/virtio-9p.ts';
import { BALLOON_CONFIG, BALLOON_DEVICE, BALLOON_QUEUE, BALLOON_QUEUE_SIZE } from './balloon/numbers.ts';
import { BLOCK_DEVICE } from './blk/numbers.ts';
import { BLK_QUEUE_SIZE } from './blk/virtio-blk.ts';
import { CONSOLE_DEVICE, CONSOLE_QUEUE_SIZE } from './console/numbers.ts';
import { NET_QUEUE_SIZE, NETWORK_DEVICE } from './net/numbers.ts';
import { ENTROPY_DEVICE, RNG_QUEUE_SIZE } from './rng/virtio-rng.ts';
import type { VirtioKind } from './transport-pci/virtio-pci.ts';
import { VSOCK_DEVICE, VSOCK_QUEUE, VSOCK_QUEUE_SIZE } from './vsock/numbers.ts';

/** PCI class codes (PCI 3.0 appendix D): mass storage, other; Ethernet; nothing defined. */
const CLASS = { storage: 0x01_8000, ethernet: 0x02_0000, none: 0xff_0000 } as const;

interface Slotted {
  /** Its name in the arena and in messages: `disk0`. */
  readonly name: string;
  /** Its device number on the PCI bus. */
  readonly slot: number;
}

/** One virtio device of a machine. Cloneable: every thread of the machine builds its part from it. */
export type VirtioSpecification = Slotted &
  (
    | {
        readonly kind: 'blk';
        readonly path: string;
        readonly format: 'raw' | 'qcow2';
        readonly readOnly: boolean;
        /** What it may be based on. */
        readonly backing?: readonly BackingFile[] | undefined;
        readonly serial: string;
        readonly queues: number;
      }
    /** A disk that can be taken out. */
    | { readonly kind: 'cdrom'; readonly serial: string; readonly drive: DriveSeed }
    | { readonly kind: 'net'; readonly mac: string; readonly link: NetLinkSeed }
    | { readonly kind: 'rng' }
    | { readonly kind: 'balloon' }
    | { readonly kind: '9p'; readonly folder: string; readonly tag: string; readonly readOnly: boolean }
    /** The names of its ports; the first is the console's. */
    | { readonly kind: 'console'; readonly ports: readonly string[] }
    | { readonly kind: 'vsock'; readonly cid: number; readonly socket: string }
  );

/** What the transport must know of each kind. */
export function kindOf(specification: VirtioSpecification): VirtioKind {
  switch (specification.kind) {
    case 'blk':
      return {
        type: BLOCK_DEVICE,
        classCode: CLASS.storage,
        queueSizes: new Array(specification.queues).fill(BLK_QUEUE_SIZE),
      };
    case 'cdrom':
      return { type: BLOCK_DEVICE, classCode: CLASS.storage, queueSizes: [BLK_QUEUE_SIZE] };
    case 'net':
      return {
        type: NETWORK_DEVICE,
        classCode: CLASS.ethernet,
        queueSizes: [NET_QUEUE_SIZE, NET_QUEUE_SIZE],
      };
    case 'balloon':
      return {
        type: BALLOON_DEVICE,
        classCode: CLASS.none,
        queueSizes: new Array(Object.keys(BALLOON_QUEUE).length).fill(BALLOON_QUEUE_SIZE),
        writableConfig: [BALLOON_CONFIG.actual, BALLOON_CONFIG.bytes],
      };
    case '9p':
      return { type: TRANSPORT_9P, classCode: CLASS.none, queueSizes: [NINE_QUEUE_SIZE] };
    case 'console':
      return {
        type: CONSOLE_DEVICE,
        classCode: CLASS.none,
        // §5.3.2: two queues per port, and two for control.
        queueSizes: new Array(2 * specification.ports.length + 2).fill(CONSOLE_QUEUE_SIZE),
      };
    case 'vsock':
      return {
        type: VSOCK_DEVICE,
        classCode: CLASS.none,
        queueSizes: new Array(Object.keys(VSOCK_QUEUE).length).fill(VSOCK_QUEUE_SIZE),
      };
    case 'rng':
      return { type: ENTROPY_DEVICE, classCode: CLASS.none, queueSizes: [RNG_QUEUE_SIZE] };
  }
}
