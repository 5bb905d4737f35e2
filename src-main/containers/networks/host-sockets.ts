/** Where a server is to listen: at an address it binds itself, or on a socket that is bound already. */
export type ListenAt = { readonly host: string; readonly port: number } | { readonly fd: number };
export type ReceiveAt = { readonly address: string; readonly port: number } | { readonly fd: number };

/** Ports of the host for whoever serves them, who may be in another network namespace. An error has Node's `code`. */
export interface HostSockets {
  stream(host: string, port: number): Promise<ListenAt>;
  datagram(address: string, port: number): Promise<ReceiveAt>;
}

/** For who is in the host's namespace. */
export const ownSockets: HostSockets = {
  stream: async (host, port) => ({ host, port }),
  datagram: async (address, port) => ({ address, port }),
};
