import type { Disposable } from '../../base/disposable.ts';
import type { ContainerConfig, HostConfig } from './container-config.ts';
import type { EndpointRequest } from './container-record.ts';

/** A container's place in one network. Docker API 1.47 EndpointSettings, the part that is known while it runs. */
export interface Endpoint {
  readonly networkId: string;
  readonly endpointId: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly mac: string;
  readonly aliases: readonly string[];
}

/** What the networks gave a container that is about to start. */
export interface Joined {
  /** A network namespace to enter; `host` for the host's own; undefined for a new one with nothing but loopback. */
  readonly namespace: string | 'host' | undefined;
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly nameServers: readonly string[] | undefined;
  /** `80/tcp` → where it is published. */
  readonly ports: Readonly<Record<string, readonly PortBinding[]>>;
}

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

export interface JoinRequest {
  readonly id: string;
  readonly name: string;
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly networks: Readonly<Record<string, EndpointRequest>>;
}

/** Docker API 1.47 Network, in our words. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly createdAt: string;
  /** Nothing outside can be reached from it. */
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** `172.18.0.0/16`; none but a bridge has one. */
  readonly subnet?: string;
  readonly gateway?: string;
  /** Where addresses nobody asks for come from. */
  readonly range?: string;
}

export interface NetworkRequest {
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly range?: string;
}

/** The network driver: what a container's life needs of the networks, and what a user does with them. */
export interface ContainerNetworks extends Disposable {
  /** The networks a container is to be in, by name. Throws for those that do not exist, before the container does. */
  check(request: JoinRequest): Record<string, EndpointRequest>;
  join(request: JoinRequest): Promise<Joined>;
  /**
   * Its process is made, in a network namespace of its own, and not started: the network is brought there, where `join`
   * could not. Returns the process that does it, if one does, which is to end with the container.
   */
  attach?(id: string, pid: number): Promise<number | undefined>;
  /** What was joined, again; nothing to leave is no error. */
  leave(id: string): Promise<void>;
  /** Of a container that still runs, after a restart of the engine. */
  joined(id: string): Joined;
  /** After a restart of the engine: what belongs to none of the containers that run is cleared away. */
  recovered(running: ReadonlyMap<string, JoinRequest & { readonly pid: number }>): Promise<void>;

  list(): Network[];
  /** By name, id or unambiguous beginning of an id. */
  get(nameOrId: string): Network;
  create(request: NetworkRequest): Promise<Network>;
  /** That no container needs it is the caller's to know. */
  remove(id: string): Promise<void>;
  /** A container that runs joins one network more. */
  connect(request: JoinRequest, network: Network, wish: EndpointRequest): Promise<Joined>;
  disconnect(id: string, network: Network): Promise<Joined>;
  rename(id: string, name: string): void;
}

export const noNetwork: Joined = { namespace: undefined, endpoints: {}, nameServers: undefined, ports: {} };
