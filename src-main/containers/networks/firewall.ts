/** One published port, for the kernel: what comes to the host there goes to the container. */
export interface Publication {
  /** An address of the host, empty for all. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

export interface FirewalledBridge {
  readonly bridge: string;
  readonly subnet: string;
  readonly internal: boolean;
  readonly masquerade: boolean;
  /** Whether its containers may speak to each other. */
  readonly amongThem: boolean;
}

/**
 * The whole of our nftables table, nft(8): it is replaced in one transaction, so that there is no moment without it and
 * nothing of an older one stays. Without bridges there is no table.
 */
export function firewallRules(
  table: string,
  bridges: readonly FirewalledBridge[],
  publications: readonly Publication[],
): string {
  const gone = `table ip ${table}\ndelete table ip ${table}\n`;
  if (bridges.length === 0) return gone;
  const names = bridges.map(({ bridge }) => `"${bridge}"`).join(', ');
  const outward = bridges.filter(({ internal }) => !internal);
  return `${gone}table ip ${table} {
	set bridges {
		type ifname
		elements = { ${names} }
	}
	chain loopback {
		type filter hook prerouting priority raw; policy accept
		iifname @bridges ip daddr 127.0.0.0/8 drop
	}
	chain published {
${lines(publications.map(destination))}
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept
		fib daddr type local jump published
	}
	chain output {
		type nat hook output priority -100; policy accept
		fib daddr type local jump published
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept
		ip saddr 127.0.0.0/8 oifname @bridges masquerade
${lines(bridges.map(({ bridge, subnet }) => `ip saddr ${subnet} oifname "${bridge}" ct status dnat masquerade`))}
${lines(outward.filter(({ masquerade }) => masquerade).map(({ bridge, subnet }) => `ip saddr ${subnet} oifname != "${bridge}" masquerade`))}
	}
	chain forward {
		type filter hook forward priority filter; policy accept
		oifname @bridges ct state established,related accept
${lines(bridges.filter(({ amongThem }) => !amongThem).map(({ bridge }) => `iifname "${bridge}" oifname "${bridge}" ct status dnat accept`))}
${lines(bridges.map(({ bridge, amongThem }) => `iifname "${bridge}" oifname "${bridge}" ${amongThem ? 'accept' : 'drop'}`))}
${lines(bridges.filter(({ internal }) => internal).map(({ bridge }) => `iifname "${bridge}" drop`))}
${lines(bridges.filter(({ internal }) => internal).map(({ bridge }) => `oifname "${bridge}" drop`))}
		oifname @bridges ct status dnat accept
		oifname @bridges drop
	}
}
`;
}

function destination({ hostAddress, hostPort, protocol, address, port }: Publication): string {
  const only = hostAddress === '' ? '' : `ip daddr ${hostAddress} `;
  return `${only}${protocol} dport ${hostPort} dnat to ${address}:${port}`;
}

function lines(rules: readonly string[]): string {
  return rules.map((rule) => `\t\t${rule}`).join('\n');
}
