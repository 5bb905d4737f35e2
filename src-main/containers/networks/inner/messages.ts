import type { FailureRecord } from '../../../base/failure.ts';
import type { EndpointRequest } from '../../lifecycle/container-record.ts';
import type { Joined, JoinRequest, Network } from '../../lifecycle/ports.ts';

/** Where the thread finds what there is. */
export interface InnerAssignment {
  /** The network namespace to enter; a new one is left there where there is none yet. */
  readonly namespace: string;
  readonly networks: string;
  readonly running: string;
}

/** What the thread is asked to do: methods of the network driver. */
export type InnerCall =
  | { readonly method: 'join'; readonly request: JoinRequest }
  | { readonly method: 'leave'; readonly id: string }
  | {
      readonly method: 'connect';
      readonly request: JoinRequest;
      readonly network: Network;
      readonly wish: EndpointRequest;
    }
  | { readonly method: 'disconnect'; readonly id: string; readonly network: Network }
  | { readonly method: 'rename'; readonly id: string; readonly name: string }
  | {
      readonly method: 'recovered';
      readonly running: ReadonlyMap<string, JoinRequest & { readonly pid: number }>;
    };

/** What became of it: the containers it was about, as they are joined now. */
export type InnerResult = ReadonlyMap<string, Joined>;

export type ToInner =
  | { readonly kind: 'start'; readonly assignment: InnerAssignment }
  | { readonly kind: 'call'; readonly number: number; readonly call: InnerCall }
  /** The answer to `bind`: a descriptor of this process, or why there is none, by errno's name. */
  | { readonly kind: 'bound'; readonly number: number; readonly fd: number }
  | { readonly kind: 'not-bound'; readonly number: number; readonly errno: string; readonly message: string };

export type FromInner =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly number: number; readonly result: InnerResult }
  | { readonly kind: 'failed'; readonly number?: number; readonly failure: FailureRecord }
  /** Only a thread in the host's namespace can bind a port of the host. */
  | {
      readonly kind: 'bind';
      readonly number: number;
      readonly type: 'stream' | 'datagram';
      readonly address: string;
      readonly port: number;
    };
