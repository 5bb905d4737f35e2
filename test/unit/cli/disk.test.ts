import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CliResult, CliSession } from '../../support/cli-session.ts';
import { need } from '../../support/need.ts';
import { qemuCheck, qemuContent, qemuImg, qemuIo } from '../../support/qemu-img.ts';
import { Random } from '../../support/random.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

need('qemu-img');

const temporary = temporaryHome();
const at = (name: string): string => join(temporary.home, name);
const run = (...argv: string[]): Promise<CliResult> =>
  new CliSession(['disk', ...argv], temporary.env, { input: '' }).finished;
const json = async (...argv: string[]) => JSON.parse((await run(...argv, '--json')).stdout);

function rawFile(name: string, size: number, seed = 3): Buffer {
  const random = new Random(seed);
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i += 4096)
    if (random.below(3) > 0) bytes.fill(random.below(256), i, Math.min(size, i + 1500));
  writeFileSync(at(name), bytes);
  return bytes;
}

describe('bulkhead disk create', () => {
  test('makes an image that QEMU finds clean, and says what it made', async () => {
    const result = await run('create', at('a.qcow2'), '20G');
    expect(result).toMatchObject({ status: 0, stderr: '', stdout: `disk ${at('a.qcow2')}: qcow2, 20 GiB\n` });
    expect(qemuCheck(at('a.qcow2')).status).toBe(0);
    expect(JSON.parse(qemuImg('info', '--output=json', at('a.qcow2')))).toMatchObject({
      format: 'qcow2',
      'virtual-size': 20 * 2 ** 30,
    });
  });

  test('on a backing file: its size, its contents, by a relative name where both move together', async () => {
    const content = rawFile('base.img', 3 * 1024 * 1024);
    expect((await run('create', at('on-base.qcow2'), '--backing', at('base.img'))).status).toBe(0);
    expect(await json('info', at('on-base.qcow2'))).toMatchObject({
      sizeBytes: content.length,
      qcow2: { backing: { name: 'base.img', path: at('base.img'), format: 'raw' } },
    });
    expect(qemuContent(at('on-base.qcow2')).equals(content)).toBe(true);
  });

  test('touches nothing that is there, and says what is wrong with an order', async () => {
    await run('create', at('there.img'), '1M');
    expect(statSync(at('there.img')).size).toBe(1024 * 1024);
    expect(await run('create', at('there.img'), '2M')).toMatchObject({
      status: 4,
      stderr: `error: ${at('there.img')}: exists already\nhint: choose another name, or remove the file first\n`,
    });
    expect(await run('create', at('none/x.qcow2'), '2M')).toMatchObject({ status: 3 });
    expect(await run('create', at('y.qcow2'), '20')).toMatchObject({ status: 2 });
    expect(await run('create', at('y.qcow2'))).toMatchObject({ status: 2 });
    expect(await run('create', at('y.raw'), '--backing', at('there.img'))).toMatchObject({ status: 2 });
    expect(readdirSync(temporary.home).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('bulkhead disk convert', () => {
  test('what other files hold is copied only with leave; info tells which they are', async () => {
    const content = rawFile('below.img', 1024 * 1024);
    await run('create', at('middle.qcow2'), '--backing', at('below.img'));
    await run('create', at('above.qcow2'), '--backing', at('middle.qcow2'));
    expect((await json('info', at('above.qcow2'))).backingChain).toEqual([
      { path: at('middle.qcow2'), format: 'qcow2' },
      { path: at('below.img'), format: 'raw' },
    ]);
    expect(await run('convert', at('above.qcow2'), at('copy.img'), '--format', 'raw')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/shows what is in other files: .*middle.qcow2 \(qcow2\), .*\n.*--allow-backing/),
    });
    expect(existsSync(at('copy.img'))).toBe(false);
    const allowed = await run('convert', at('above.qcow2'), at('copy.img'), '--format', 'raw', '--allow-backing');
    expect(allowed).toMatchObject({ status: 0 });
    expect(readFileSync(at('copy.img')).equals(content)).toBe(true);
    rmSync(at('below.img'));
    const { stdout, status } = await run('info', at('above.qcow2'));
    expect([status, stdout]).toEqual([0, expect.stringMatching(/below.img is missing/)]);
  });

  test.each([
    ['to qcow2', ['--format', 'qcow2']],
    ['compressed with zlib', ['--compress']],
    ['compressed with zstd', ['--compress', 'zstd']],
  ])('raw %s, read the same by QEMU, and back', async (title, options) => {
    const content = rawFile(`${title}.img`, 5 * 1024 * 1024 + 1024);
    expect(await run('convert', at(`${title}.img`), at(`${title}.qcow2`), ...options)).toMatchObject({ status: 0 });
    expect(qemuCheck(at(`${title}.qcow2`))).toMatchObject({ status: 0 });
    expect(qemuContent(at(`${title}.qcow2`)).equals(content)).toBe(true);
    if (options[0] === '--compress') expect(statSync(at(`${title}.qcow2`)).size).toBeLessThan(content.length / 4);
    expect(await run('convert', at(`${title}.qcow2`), at(`${title}.back`), '--format', 'raw')).toMatchObject({
      status: 0,
    });
    expect(readFileSync(at(`${title}.back`)).equals(content)).toBe(true);
    expect(await run('check', at(`${title}.qcow2`))).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('clean'),
    });
  });

  test('an interrupt leaves nothing half-made', async () => {
    rawFile('large.img', 40 * 1024 * 1024);
    const before = readdirSync(temporary.home);
    const session = new CliSession(['disk', 'convert', at('large.img'), at('large.qcow2')], temporary.env, {
      input: '',
    });
    while (!readdirSync(temporary.home).some((name) => name.endsWith('.tmp')))
      await new Promise((resolve) => setImmediate(resolve));
    expect(session.signal('SIGINT')).toBe(true);
    expect(await session.finished).toMatchObject({
      status: 1,
      stderr: `error: ${at('large.qcow2')}: cancelled; nothing of it was kept\n`,
    });
    expect(readdirSync(temporary.home)).toEqual(before);
  });
});

describe('bulkhead disk check', () => {
  test('a leak is told and is no failure; --repair gives it back', async () => {
    await run('create', at('leak.qcow2'), '10M');
    qemuIo(at('leak.qcow2'), ['write -P 7 0 200k']);
    // The last cluster loses the entry that points to it: L1 is at cluster 3, L2 at the cluster its first entry names.
    const bytes = readFileSync(at('leak.qcow2'));
    const l2 = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(40))) & 0x00ff_ffff_ffff_fe00n);
    bytes.writeBigUInt64BE(0n, l2 + 8);
    writeFileSync(at('leak.qcow2'), bytes);
    expect(await json('check', at('leak.qcow2'))).toMatchObject({ leaks: 1, corruptions: 0 });
    expect(qemuCheck(at('leak.qcow2')).status).toBe(3);
    expect(await run('check', at('leak.qcow2'), '--repair')).toMatchObject({ status: 0 });
    expect(qemuCheck(at('leak.qcow2')).status).toBe(0);
  });

  test('damage is a failure, told in words', async () => {
    await run('create', at('broken.qcow2'), '10M');
    qemuIo(at('broken.qcow2'), ['write -P 7 0 200k']);
    const bytes = readFileSync(at('broken.qcow2'));
    const table = Number(bytes.readBigUInt64BE(48));
    const block = Number(bytes.readBigUInt64BE(table));
    bytes.writeUInt16BE(0, block + 2 * 5);
    writeFileSync(at('broken.qcow2'), bytes);
    expect(qemuCheck(at('broken.qcow2')).status).toBe(2);
    const result = await run('check', at('broken.qcow2'));
    expect(result).toMatchObject({ status: 1, stderr: expect.stringMatching(/errors? found\nhint: /) });
    expect(result.stdout).toContain('cluster 5 is counted 0 times and used 1 times');
    expect(await run('check', at('broken.qcow2'), '--repair')).toMatchObject({ status: 0 });
    expect(qemuCheck(at('broken.qcow2')).status).toBe(0);
  });
});

describe('bulkhead disk resize', () => {
  test('a larger disk keeps its contents and reads as zeros beyond, also over a larger backing file', async () => {
    const content = rawFile('big-base.img', 2 * 1024 * 1024);
    qemuImg('create', '-q', '-f', 'qcow2', '-b', at('big-base.img'), '-F', 'raw', at('small.qcow2'), '1000k');
    expect(await run('resize', at('small.qcow2'), '+4G')).toMatchObject({ status: 0 });
    expect(qemuCheck(at('small.qcow2')).status).toBe(0);
    expect(await json('info', at('small.qcow2'))).toMatchObject({ sizeBytes: 4 * 2 ** 30 + 1000 * 1024 });
    qemuIo(at('small.qcow2'), [`read -q -P 0 1000k 3M`]);
    await run('create', at('plain.qcow2'), '64K');
    qemuIo(at('plain.qcow2'), ['write -P 9 0 64k']);
    expect(await run('resize', at('plain.qcow2'), '9T')).toMatchObject({ status: 0 });
    expect(qemuCheck(at('plain.qcow2'))).toMatchObject({ status: 0 });
    expect(content.length).toBe(2 * 1024 * 1024);
  });

  test('making it smaller is refused', async () => {
    await run('create', at('keep.qcow2'), '10M');
    expect(await run('resize', at('keep.qcow2'), '5M')).toMatchObject({ status: 4 });
    expect(await json('info', at('keep.qcow2'))).toMatchObject({ sizeBytes: 10 * 1024 * 1024 });
  });
});

test('locks are those of QEMU: neither opens what the other writes to', async () => {
  await run('create', at('locked.qcow2'), '10M');
  const { spawn } = await import('node:child_process');
  const other = spawn('qemu-io', ['-f', 'qcow2', at('locked.qcow2')], { stdio: ['pipe', 'pipe', 'ignore'] });
  other.stdin.write('write 0 512\n');
  await new Promise((resolve) => other.stdout.once('data', resolve));
  expect(await run('check', at('locked.qcow2'))).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('is in use by another program'),
  });
  other.stdin.end('quit\n');
  await new Promise((resolve) => other.once('exit', resolve));
  expect(await run('check', at('locked.qcow2'))).toMatchObject({ status: 0 });
  expect(existsSync(at('locked.qcow2'))).toBe(true);
});
