#!/usr/bin/env node
// Asks a guest what CPUID tells it under `qemu-system-x86_64 -accel kvm`, for a list of CPUs and topologies, and keeps
// the answers beside what this host's KVM supports:
//   node scripts/cpu-models/guest-cpuid.mjs [OUTPUT]
// Needs /dev/kvm, QEMU and binutils. README.md beside this file describes the result.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHost } from './kvm-host.mjs';

const OUTPUT = join(import.meta.dirname, '../../test/fixtures/cpu-models/guest-cpuid.json');

const span = (leaf, last) => Array.from({ length: last + 1 }, (_, subleaf) => [leaf, subleaf]);
const LEAVES = [
  ...[[0, 0], [1, 0], [2, 0], ...span(4, 4), [5, 0], [6, 0], ...span(7, 2), [9, 0], [0xa, 0], ...span(0xb, 2)],
  ...[...span(0xd, 18), ...span(0x12, 1), ...span(0x14, 1), [0x19, 0], ...span(0x1d, 1), [0x1e, 0], ...span(0x1f, 2)],
  ...[
    [0x20, 0],
    [0x4000_0000, 0],
    [0x4000_0001, 0],
  ],
  ...Array.from({ length: 0xb }, (_, i) => [0x8000_0000 + i, 0]),
  ...[[0x8000_0019, 0], [0x8000_001a, 0], ...span(0x8000_001d, 4), [0x8000_001e, 0], [0x8000_001f, 0]],
  ...[
    [0x8000_0021, 0],
    [0x8000_0022, 0],
  ],
];

/** Both vendors, v1 to v4, generic and own caches; one, odd and many CPUs. */
const CPUS = [
  ...[
    'qemu64',
    'kvm64',
    'qemu32',
    'pentium3',
    'Conroe',
    'Nehalem',
    'SandyBridge-IBRS',
    'Haswell-v4',
    'Skylake-Client-v3',
  ],
  ...['Skylake-Server-v4', 'Cascadelake-Server-v5', 'Icelake-Server-v6', 'Denverton-v3', 'Opteron_G3', 'Opteron_G5'],
  ...['EPYC', 'EPYC-v3', 'EPYC-Rome-v2', 'EPYC-Milan', 'Dhyana-v2', 'host', 'Skylake-Server-v4,vendor=GenuineIntel'],
  ...['EPYC-Milan,-avx2,-topoext', 'Haswell,vendor=GenuineIntel,+svm', 'n270,vendor=GenuineIntel,phys-bits=39'],
];
const TOPOLOGIES = [
  { sockets: 1, cores: 1, threads: 1 },
  { sockets: 1, cores: 3, threads: 1 },
  { sockets: 2, cores: 2, threads: 2 },
];

const folder = mkdtempSync(join(tmpdir(), 'guest-cpuid-'));
try {
  const firmware = assemble();
  const host = readHost();
  const runs = [];
  for (const cpu of CPUS) {
    // A 32-bit model's width is not for the user to choose.
    const name = cpu.replace(/^n270(.*),phys-bits=39/, 'n270$1');
    for (const topology of TOPOLOGIES) {
      const answer = await ask(firmware, name, topology);
      if (answer === undefined) break;
      runs.push({ cpu: name, topology, ...answer });
    }
  }
  writeFileSync(process.argv[2] ?? OUTPUT, format({ host, leaves: LEAVES, runs }));
  console.error(`${runs.length} guests on ${host.name}`);
} finally {
  rmSync(folder, { recursive: true });
}

function assemble() {
  writeFileSync(join(folder, 'leaves.inc'), LEAVES.map(([leaf, subleaf]) => `.long ${leaf}, ${subleaf}\n`).join(''));
  const at = (name) => join(folder, name);
  execFileSync('as', ['--32', '-I', folder, '-o', at('probe.o'), join(import.meta.dirname, 'probe.S')]);
  execFileSync('ld', [
    '-m',
    'elf_i386',
    '-Ttext',
    '0',
    '-e',
    '0',
    '--oformat',
    'binary',
    '-o',
    at('probe.bin'),
    at('probe.o'),
  ]);
  return at('probe.bin');
}

/** Runs one guest until every CPU has told everything; undefined where QEMU cannot start it. */
async function ask(firmware, cpu, { sockets, cores, threads }) {
  const output = join(folder, 'output');
  writeFileSync(output, '');
  const count = sockets * cores * threads;
  const smp = `${count},sockets=${sockets},cores=${cores},threads=${threads}`;
  const argv = ['-M', 'q35', '-accel', 'kvm', '-cpu', cpu, '-smp', smp, '-m', '64', '-nodefaults', '-display', 'none'];
  argv.push('-bios', firmware, '-debugcon', `file:${output}`);
  const qemu = spawn('qemu-system-x86_64', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  qemu.stderr.on('data', (data) => {
    errors += data;
  });
  const ended = new Promise((resolve) => qemu.on('exit', resolve));
  const size = count * LEAVES.length * 16;
  for (let i = 0; i < 1000 && qemu.exitCode === null && statSync(output).size < size; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  qemu.kill('SIGKILL');
  await ended;
  const bytes = readFileSync(output);
  if (bytes.length !== size) {
    console.error(`${cpu} ${smp}: left out, as QEMU did not get there: ${errors.trim().split('\n').at(-1)}`);
    return undefined;
  }
  const missing = [...errors.matchAll(/doesn't support requested feature: \S+?\.([a-z0-9.-]+) \[bit/g)].map(
    (m) => m[1],
  );
  return { missing: [...new Set(missing)].sort(), vcpus: split(bytes, count) };
}

/** One CPU: its registers in the order of LEAVES, as hexadecimal text; dots for zeros. */
function split(bytes, count) {
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
  const each = LEAVES.length * 4;
  const cpus = Array.from({ length: count }, (_, i) => words.slice(i * each, (i + 1) * each));
  const apicId = (cpu) => cpu[4 + 1] >>> 24;
  return cpus
    .sort((a, b) => apicId(a) - apicId(b))
    .map((cpu) => {
      const registers = (i) =>
        cpu
          .slice(i * 4, i * 4 + 4)
          .map((word) => word.toString(16))
          .join(' ');
      return LEAVES.map((_, i) => registers(i).replace(/^0 0 0 0$/, '.')).join(', ');
    });
}

/** JSON with one line for each CPU. */
function format(value) {
  return `${JSON.stringify(value, (key, inner) => (key === 'leaves' ? inner.map((pair) => pair.join('.')).join(' ') : inner), 1)}\n`;
}
