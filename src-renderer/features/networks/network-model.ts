import type { NetworkMember, NetworkSummary } from '../../../src-main/contract/container.ts';
import { en } from '../../locales/en.ts';

export interface Candidate {
  readonly id: string;
  readonly name: string;
}

export interface ShownMember extends Candidate {
  readonly where: string;
}

/** Containers that can join a network: in some other one with addresses, and not in this. */
export function candidatesOf(network: NetworkSummary, all: readonly NetworkSummary[]): Candidate[] {
  const here = new Set(network.members.map(({ id }) => id));
  const found = new Map<string, Candidate>();
  for (const { subnet, members } of all) {
    if (subnet === '') continue;
    for (const { id, name } of members) if (!here.has(id)) found.set(id, { id, name });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

export function membersOf(members: readonly NetworkMember[]): ShownMember[] {
  return [...members]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(({ id, name, address }) => ({ id, name, where: address || en.networks.noAddress }));
}
