import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { printer } from '../guest/micro/kernels.ts';
import { BenchHome } from './bench-home.ts';
import type { Figure } from './figure.ts';
import { kvmPresent } from './kvm-present.ts';

const RUNS = 3;
const KVM_BYTES = 1 << 20;
const LINUX_BYTES = 2 << 20;
/** The micro-guest's burst: what a 16550A takes at once. */
const BURST = 16;
const LATEST_MS = 120_000;

/** What a visitor receives of a guest that prints as fast as it can, in MB/s. */
export async function benchSerial(): Promise<Figure[]> {
  const home = new BenchHome();
  try {
    const figures: Figure[] = [];
    if (await kvmPresent()) figures.push(await kvmFigure(home));
    figures.push(await translatedFigure(home));
    return figures;
  } finally {
    await home.close();
  }
}

/** Bursts of sixteen bytes by `rep outs`, as fast as KVM takes them. */
async function kvmFigure(home: BenchHome): Promise<Figure> {
  const code = printer.slice();
  new DataView(code.buffer).setUint32(
    code.findIndex((byte, i) => byte === 0xbd && code[i + 1] === 0x11) + 1,
    KVM_BYTES / BURST,
    true,
  );
  const id = home.microMachine('serial', code);
  const ours: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const begin = performance.now();
    await home.fleet.start(id);
    const console = await home.fleet.console(id);
    await receive(console, KVM_BYTES);
    ours.push(KVM_BYTES / 1e6 / ((performance.now() - begin) / 1000));
    console.destroy();
    await home.fleet.kill(id);
  }
  return { name: 'serial-kvm', unit: 'MB/s', ours, higherIsBetter: true };
}

/** Tiny Linux prints zeros through its own 8250 driver. */
async function translatedFigure(home: BenchHome): Promise<Figure> {
  const id = home.machine({
    name: 'linux',
    accelerator: 'translated',
    memoryMiB: 256,
    boot: { kind: 'guest', guest: 'tiny-linux' },
  });
  await home.fleet.start(id);
  const console = await home.fleet.console(id);
  await said(console, 'login:');
  console.write('root\n');
  await said(console, '# ');
  const ours: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    console.write(`stty raw; head -c ${LINUX_BYTES} /dev/zero; stty sane\n`);
    await zeros(console, 1);
    const begin = performance.now();
    await zeros(console, LINUX_BYTES * 0.9);
    ours.push((LINUX_BYTES * 0.9) / 1e6 / ((performance.now() - begin) / 1000));
    await said(console, '# ');
  }
  console.destroy();
  await home.fleet.kill(id);
  return { name: 'serial-translated', unit: 'MB/s', ours, higherIsBetter: true };
}

async function receive(console: Duplex, count: number): Promise<void> {
  let received = 0;
  await until(console, (chunk) => {
    received += chunk.length;
    return received >= count;
  });
}

async function zeros(console: Duplex, count: number): Promise<void> {
  let received = 0;
  await until(console, (chunk) => {
    for (const byte of chunk) if (byte === 0) received++;
    return received >= count;
  });
}

async function said(console: Duplex, text: string): Promise<void> {
  let tail = '';
  await until(console, (chunk) => {
    tail = (tail + chunk.toString('latin1')).slice(-4096);
    return tail.includes(text);
  });
}

/** Reads chunks until `enough` says so. */
async function until(console: Duplex, enough: (chunk: Buffer) => boolean): Promise<void> {
  const giveUp = AbortSignal.timeout(LATEST_MS);
  for (;;) {
    const [chunk] = (await once(console, 'data', { signal: giveUp })) as [Buffer];
    if (enough(chunk)) return;
  }
}
