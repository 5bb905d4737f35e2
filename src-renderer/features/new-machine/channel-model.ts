import { consolePortName, hardware } from '../../../src-main/contract/hardware.ts';
import type { MachineDraft } from '../../../src-main/contract/machine.ts';
import { en } from '../../locales/en.ts';

/** Ways in and out of a guest beside its serial console and its network. */
export interface ChannelForm {
  /** The names of the virtio console's ports, beside hvc0; undefined where the machine has no such console. */
  readonly ports: readonly string[] | undefined;
  /** The guest's address for sockets; undefined for none. What is typed may be no number. */
  readonly vsock: number | string | undefined;
}

type ChannelDraft = Pick<MachineDraft, 'consolePorts' | 'vsock'>;

export const noChannels: ChannelForm = { ports: undefined, vsock: undefined };
/** The first address a guest can have (virtio 1.2 §5.10.4). */
export const firstCid = 3;
/** As many as the inventory takes. */
export const mostPorts = 8;

/** A port under a name that none of the others has. */
export function freePort(ports: readonly string[]): string {
  let number = ports.length + 1;
  while (ports.includes(`port${number}`)) number += 1;
  return `port${number}`;
}

/** What is wrong with it; undefined for nothing. */
export function channelsError({ ports = [], vsock }: ChannelForm): string | undefined {
  if (!ports.every((port) => consolePortName.safeParse(port).success)) return en.channels.badPort;
  if (new Set(ports).size < ports.length) return en.channels.doublePort;
  return hardware.vsock.safeParse(vsock).success ? undefined : en.channels.badCid;
}

export function channelsOf({ consolePorts, vsock }: ChannelDraft): ChannelForm {
  return { ports: consolePorts, vsock };
}

export function channelDraftOf({ ports, vsock }: ChannelForm): ChannelDraft {
  return {
    ...(ports === undefined ? {} : { consolePorts: [...ports] }),
    ...(vsock === undefined ? {} : { vsock: Number(vsock) }),
  };
}

/** Lines for the review; none for no channels. */
export function channelLines({ ports, vsock }: ChannelForm): { label: string; value: string }[] {
  return [
    ...(ports === undefined ? [] : [{ label: en.channels.console, value: ['hvc0', ...ports].join(', ') }]),
    ...(vsock === undefined ? [] : [{ label: en.channels.vsock, value: `CID ${vsock}` }]),
  ];
}
