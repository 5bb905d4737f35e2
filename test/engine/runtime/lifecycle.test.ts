import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LinuxRuntime } from '../../../src-main/containers/runtime/linux-runtime.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { dockerLikeSpec } from './bundle.ts';
import { hear, TestContainers } from './containers.ts';

describe('a container’s life', { timeout: 60_000 * SLOWNESS }, () => {
  if (!need('root')) return test('needs root', () => undefined);
  const containers = new TestContainers();

  test('OCI runtime 1.2 §lifecycle: created, running, stopped, gone; output and exit code are the program’s', async () => {
    const { runtime } = containers;
    const { id, said } = await containers.create(dockerLikeSpec(['/bin/sh', '-c', 'echo out; echo err >&2; exit 7']));
    expect((await runtime.state(id)).status).toBe('created');
    await runtime.start(id);
    expect(await runtime.wait(id)).toMatchObject({ code: 7, signal: null, oomKilled: false });
    expect(await said).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(await runtime.state(id)).toMatchObject({ status: 'stopped', pid: 0, exit: { code: 7 } });
    await runtime.delete(id);
    await expect(runtime.state(id)).rejects.toMatchObject({ failureClass: 'not-found' });
  });

  test('one init waits for the next container, however many are refused', async () => {
    const refused = dockerLikeSpec(['/bin/true'], (draft) =>
      Object.assign(draft, { windows: { layerFolders: ['C'] } }),
    );
    const { id } = await containers.create(dockerLikeSpec(['/bin/sleep', '60']));
    for (let i = 0; i < 3; i++) await expect(containers.create(refused)).rejects.toThrow('windows');
    const keeper = readFileSync(join(containers.root, '.keeper.lock'), 'utf8').trim();
    const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').trim().split(' ');
    const { pid } = await containers.runtime.state(id);
    expect(children.map(Number).filter((child) => child !== pid)).toHaveLength(1);
  });

  test('standard input reaches the program, and its end too', async () => {
    const { id, io, said } = await containers.create(dockerLikeSpec(['/bin/cat']));
    await containers.runtime.start(id);
    if (io.kind !== 'pipes') throw new Error(io.kind);
    io.stdin?.end('typed\n');
    expect((await containers.runtime.wait(id)).code).toBe(0);
    expect((await said).stdout).toBe('typed\n');
  });

  test('a terminal: it is one, has the asked size, is resized, and echoes', async () => {
    const { runtime } = containers;
    const spec = dockerLikeSpec(['/bin/sh', '-c', 'tty; stty size; read x; stty size; echo "got $x"'], (draft) => {
      draft.process = { ...draft.process, terminal: true };
    });
    const { id, io, said } = await containers.create(spec, { kind: 'terminal', size: { columns: 90, rows: 30 } });
    if (io.kind !== 'terminal') throw new Error(io.kind);
    const asked = new Promise<void>((resolve) => {
      let text = '';
      io.output.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (text.includes('30 90')) resolve();
      });
    });
    await runtime.start(id);
    await asked;
    await runtime.resize(id, { columns: 101, rows: 41 });
    io.input.write('hi\n');
    await runtime.wait(id);
    expect((await said).stdout.replaceAll('\r', '')).toBe('/dev/pts/0\n30 90\nhi\n41 101\ngot hi\n');
  });

  test('exec: another process in the same namespaces, with its own exit code', async () => {
    const { runtime } = containers;
    const { id } = await containers.create(dockerLikeSpec(['/bin/sleep', '60']));
    await runtime.start(id);
    const process = { args: ['/bin/sh', '-c', 'hostname; cat /proc/1/cmdline; exit 3'], cwd: '/', env: ['PATH=/bin'] };
    const exec = await runtime.exec(id, process, { kind: 'pipes', stdin: false });
    const said = hear(exec.io);
    expect((await exec.wait()).code).toBe(3);
    expect((await said).stdout).toBe('inside\n/bin/sleep\x0060\x00');
  });

  test('kill, pause, resume, update: each works in its moment and is refused in another', async () => {
    const { runtime } = containers;
    const { id } = await containers.create(dockerLikeSpec(['/bin/sleep', '60']));
    await expect(runtime.delete(id)).rejects.toMatchObject({ failureClass: 'state' });
    await expect(runtime.resume(id)).rejects.toMatchObject({ failureClass: 'state' });
    await runtime.start(id);
    await expect(runtime.start(id)).rejects.toMatchObject({ failureClass: 'state' });
    await runtime.pause(id);
    expect((await runtime.state(id)).status).toBe('paused');
    await runtime.update(id, { pids: { limit: 17 } });
    expect((await runtime.stats(id)).pids).toEqual({ current: 1, limit: 17 });
    await runtime.resume(id);
    expect(await runtime.processes(id)).toEqual([(await runtime.state(id)).pid]);
    await runtime.kill(id, 15);
    await runtime.kill(id, 9);
    expect(await runtime.wait(id)).toMatchObject({ code: 137, signal: 'SIGKILL' });
    await expect(runtime.kill(id, 9)).rejects.toMatchObject({ failureClass: 'state' });
  });

  test('a program that is not there is refused when the container is made, and nothing is left', async () => {
    const made = containers.create(dockerLikeSpec(['/bin/nothing']));
    await expect(made).rejects.toThrow('exec: "/bin/nothing": no such file or directory');
    expect(readdirSync(containers.root).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  test('it outlives the engine: another one finds its unread output, its exit and goes on', async () => {
    const first = new LinuxRuntime(containers.root);
    const id = containers.nextId();
    const spec = dockerLikeSpec(['/bin/sh', '-c', 'echo unread; read x; echo "read $x"; exit 5']);
    await first.create({ id, bundle: containers.bundle.path, spec, io: { kind: 'pipes', stdin: true } });
    await first.start(id);
    await first.dispose();
    const io = await containers.runtime.attach(id);
    const said = hear(io);
    if (io.kind !== 'pipes') throw new Error(io.kind);
    io.stdin?.write('later\n');
    expect((await containers.runtime.wait(id)).code).toBe(5);
    expect((await said).stdout).toMatch(/read later\n$/);
  });

  test('after its end no mount, cgroup, or state of it is left', async () => {
    const { id } = await containers.create(dockerLikeSpec(['/bin/sleep', '60']));
    await containers.runtime.start(id);
    await containers.runtime.delete(id, { force: true });
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(containers.bundle.path);
    expect(readdirSync(containers.root)).not.toContain(id);
    const groups = readdirSync('/sys/fs/cgroup').flatMap((name) => {
      try {
        return readdirSync(join('/sys/fs/cgroup', name, 'bulkhead'));
      } catch {
        return [];
      }
    });
    expect(groups).not.toContain(id);
  });
});
