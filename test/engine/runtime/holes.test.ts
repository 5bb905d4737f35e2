import { accessSync, constants, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultSeccomp } from '../../../src-main/containers/runtime/seccomp/default-policy.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { dockerLikeSpec } from './bundle.ts';
import { TestContainers } from './containers.ts';

/** Ways out of containers that other runtimes once had. */
describe('known holes stay shut', { timeout: 60_000 * SLOWNESS }, () => {
  if (!need('root')) return test('needs root', () => undefined);
  const containers = new TestContainers();
  const inRootfs = (path: string): string => join(containers.bundle.rootfs, path);

  test('CVE-2019-5736: a program that is /proc/self/exe cannot write to ours', async () => {
    // The interpreter of the script is the runtime’s own executable: it is what runs, and on a read-only mount.
    writeFileSync(inRootfs('bin/trap'), '#!/proc/self/exe\n', { mode: 0o755 });
    const before = statSync(process.execPath);
    // There is no loader in the image that could load it: an attacker's would.
    await expect(containers.run(['/bin/trap'])).rejects.toThrow('execve failed');
    expect(statSync(process.execPath)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
    const { id } = await containers.create(dockerLikeSpec(['/bin/sleep', '60']));
    const { pid } = await containers.runtime.state(id);
    // While the init still is our executable: access(2) says EROFS, to root too.
    expect(() => accessSync(`/proc/${pid}/exe`, constants.W_OK)).toThrow('EROFS');
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
    expect(mounts).not.toContain(process.execPath);
  });

  test('CVE-2024-21626: a working directory that is a descriptor of the host’s is refused', async () => {
    for (const fd of [3, 7, 8, 17]) {
      const started = containers.run(['/bin/pwd'], (spec) => {
        spec.process = { ...spec.process, cwd: `/proc/self/fd/${fd}` };
      });
      await expect(started).rejects.toThrow();
    }
  });

  test('CVE-2024-21626: no descriptor but the standard streams is handed on', async () => {
    expect(await containers.shell('ls /proc/self/fd | wc -l')).toBe('4');
  });

  test('CVE-2021-30465: a mount’s destination that is a link leads nowhere outside the root', async () => {
    const outside = join(containers.bundle.path, 'outside');
    mkdirSync(outside, { recursive: true });
    symlinkSync(outside, inRootfs('escape'));
    symlinkSync('../../../../../../../..', inRootfs('up'));
    const script = 'grep -c " /escape\\| /up" /proc/mounts; mount | grep -c tmpfs';
    await containers.run(['/bin/sh', '-c', script], (spec) => {
      spec.mounts.push({ destination: '/escape', type: 'tmpfs', source: 'tmpfs', options: [] });
      spec.mounts.push({ destination: `/up${outside}`, type: 'tmpfs', source: 'tmpfs', options: [] });
    });
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(outside);
    rmSync(inRootfs('escape'));
    rmSync(inRootfs('up'));
  });

  test('CVE-2025-31133: what masks a file is the host’s null device, whatever the image has for /dev/null', async () => {
    const masked = '/proc/keys';
    const shown = await containers.shell(`stat -c '%t:%T' ${masked}`, (spec) => {
      // An image whose /dev is no tmpfs, with a /dev/null that is a link to something worth writing to.
      spec.mounts = spec.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      spec.mounts.push({ destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] });
    });
    expect(shown).toBe('1:3');
    rmSync(inRootfs('dev/null'), { force: true });
    symlinkSync('/proc/sys/kernel/core_pattern', inRootfs('dev/null'));
    const made = containers.shell('cat /proc/keys', (spec) => {
      spec.mounts = spec.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    });
    await expect(made).rejects.toThrow('something else is there already');
    rmSync(inRootfs('dev/null'));
  });

  test('CVE-2025-52565: the console is the terminal that was opened, not what a path leads to', async () => {
    symlinkSync('/proc/sys/kernel/core_pattern', inRootfs('dev/console'));
    const spec = dockerLikeSpec(['/bin/sh', '-c', 'stat -c %t:%T /dev/console; echo x >/dev/console'], (draft) => {
      draft.process = { ...draft.process, terminal: true };
    });
    const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const { id, said } = await containers.create(spec, { kind: 'terminal' });
    await containers.runtime.start(id);
    await containers.runtime.wait(id);
    expect((await said).stdout).toMatch(/^88:0\r\n/);
    expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
    rmSync(inRootfs('dev/console'), { force: true });
  });

  test('CVE-2025-52881, CVE-2019-19921: /proc of an image that is a link is refused; sysctls go through the host’s', async () => {
    rmSync(inRootfs('proc'), { recursive: true });
    mkdirSync(inRootfs('tmp/fake'), { recursive: true });
    symlinkSync('/tmp/fake', inRootfs('proc'));
    await expect(containers.shell('true')).rejects.toThrow(/ELOOP/);
    rmSync(inRootfs('proc'));
    mkdirSync(inRootfs('proc'));
    const said = await containers.shell('cat /proc/sys/net/ipv4/ip_forward', (spec) => {
      spec.linux = { ...spec.linux, sysctl: { 'net.ipv4.ip_forward': '1' } };
    });
    expect(said).toBe('1');
  });

  test('CVE-2022-0492: under the default policy nobody mounts a cgroup of their own, or writes a release agent', async () => {
    const script = [
      'unshare -Urm true 2>&1; mkdir /tmp/c; mount -t cgroup -o memory cgroup /tmp/c 2>&1',
      'for f in /sys/fs/cgroup/*/release_agent; do echo x 2>/dev/null >$f && echo written; done; echo done',
    ].join('; ');
    const said = await containers.shell(script, (spec) => {
      spec.linux = { ...spec.linux, seccomp: defaultSeccomp(spec.process.capabilities?.bounding ?? []) };
    });
    expect(said).toMatch(/unshare.*Operation not permitted/);
    expect(said).toMatch(/mount.*(Operation not permitted|permission denied)/i);
    expect(said).not.toContain('written');
  });
});
