import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure } from '../../base/failure.ts';

/** nft(8) is a system administrator's program: not on every user's path. */
const FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

function findNft(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...FOLDERS];
  return folders.map((folder) => join(folder, 'nft')).find((path) => existsSync(path));
}

export function requireNft(): string {
  const program = findNft();
  if (program !== undefined) return program;
  throw new Failure('host', 'nft-missing', 'network: nft is not installed, and a bridge network needs it', {
    hint: 'install the package nftables, or use --network host or none',
  });
}

/** Carries out a script of nft(8)'s language, all of it or nothing. */
export async function runNft(script: string): Promise<void> {
  const child = spawn(requireNft(), ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(script);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return;
  const why = text.trim().split('\n')[0] ?? '';
  throw new Failure('host', 'nft-refused', `network: nft refuses our rules: ${why || `status ${code}`}`, {
    hint: 'the kernel needs nf_tables with NAT: `modprobe nft_nat nft_masq nft_fib_ipv4`, or use --network host or none',
  });
}
