import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { type FirewalledBridge, firewallRules, type Publication } from './firewall.ts';
import { requireNft, runNft } from './nft.ts';

/** The nftables table of one engine, as it was last put in place. */
export class FirewallTable {
  private inPlace: string | undefined;

  /** @param mark a file that is there while there may be a table */
  constructor(
    private readonly name: string,
    private readonly mark: string,
  ) {}

  /** Puts rules in place for these; the same rules again cost nothing, and where there never was a table none is removed. */
  async set(bridges: readonly FirewalledBridge[], publications: readonly Publication[]): Promise<void> {
    const ofIpv4 = publications.filter(({ hostAddress }) => !hostAddress.includes(':'));
    const rules = firewallRules(this.name, bridges, ofIpv4);
    if (rules === this.inPlace || (bridges.length === 0 && !existsSync(this.mark))) return;
    this.inPlace = undefined;
    requireNft();
    if (bridges.length > 0) writeFileSync(this.mark, `${this.name}\n`);
    await runNft(rules);
    if (bridges.length === 0) rmSync(this.mark, { force: true });
    this.inPlace = rules;
  }
}
