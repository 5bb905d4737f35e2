/** The real engine by dockerode, as programs use it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LoopbackRegistry } from '../../support/engine/loopback-registry.ts';
import { RealEngine } from '../../support/engine/real-engine.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const able = need('root', 'docker', 'networks', 'registry');
const { home, env } = temporaryHome();
const engine = new RealEngine(home, env);
const docker = new Docker({ socketPath: engine.paths.socket });
let registry: LoopbackRegistry | undefined;

beforeAll(async () => {
  if (!able) return;
  await engine.start();
  await engine.importBusybox();
  registry = await LoopbackRegistry.start(join(home, 'registry'));
});

afterAll(async () => {
  await registry?.stop();
  await engine.dispose();
});

/** Both outputs of a multiplexed stream, each collected. */
function collect(stream: NodeJS.ReadableStream): { stdout: string; stderr: string } {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): PassThrough =>
    new PassThrough().on('data', (chunk) => {
      said[name] += chunk;
    });
  docker.modem.demuxStream(stream, into('stdout'), into('stderr'));
  return said;
}

const done = (stream: NodeJS.ReadableStream): Promise<unknown[]> =>
  new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines))),
  );

describe('dockerode', { timeout: 120_000 * SLOWNESS }, () => {
  test('an image is pushed to a registry and pulled from it, with progress', async () => {
    const name = `${registry?.host}/box`;
    await docker.getImage('busybox').tag({ repo: name, tag: 'one' });
    await done(await docker.getImage(name).push({ tag: 'one', authconfig: {} as never }));
    await docker.getImage(`${name}:one`).remove();
    const lines = await done(await docker.pull(`${name}:one`));
    expect(JSON.stringify(lines)).toContain('Downloaded newer image');
    expect((await docker.getImage(`${name}:one`).inspect()).RepoTags).toContain(`${name}:one`);
  });

  test('a container in a network, with a volume: attached, looked into, waited for, removed, and told of', async () => {
    const events = await docker.getEvents();
    let told = '';
    events.on('data', (chunk) => {
      told += chunk;
    });
    const network = await docker.createNetwork({ Name: 'front' });
    const volume = await docker.createVolume({ Name: 'kept' });
    const container = await docker.createContainer({
      Image: 'busybox',
      name: 'worker',
      Cmd: ['sh', '-c', 'echo up; cat > /data/typed; echo err >&2; exit 3'],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      HostConfig: { NetworkMode: 'front', Binds: ['kept:/data'] },
    });
    const peer = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const said = collect(peer);
    await container.start();
    const exec = await container.exec({ Cmd: ['sh', '-c', 'echo inside; exit 4'], AttachStdout: true });
    const inside = await exec.start({ hijack: true });
    const heard = collect(inside);
    await new Promise((resolve) => inside.on('end', resolve));
    expect(heard.stdout).toBe('inside\n');
    expect((await exec.inspect()).ExitCode).toBe(4);
    const { NetworkSettings } = await container.inspect();
    expect(NetworkSettings.Networks.front?.IPAddress).toMatch(/^[\d.]+$/);
    expect(Object.keys((await network.inspect()).Containers ?? {})).toEqual([container.id]);
    peer.end('typed\n');
    expect(await container.wait()).toEqual({ StatusCode: 3 });
    expect(said).toEqual({ stdout: 'up\n', stderr: 'err\n' });
    expect((await container.logs({ stdout: true })).toString('latin1')).toContain('up\n');
    const archive = await container.getArchive({ path: '/data/typed' });
    const parts: Buffer[] = [];
    for await (const chunk of archive) parts.push(chunk as Buffer);
    expect(execFileSync('tar', ['-xOf', '-'], { input: Buffer.concat(parts), encoding: 'utf8' })).toBe('typed\n');
    await container.remove();
    await network.remove();
    await volume.remove();
    await expect.poll(() => told, { timeout: 30_000 * SLOWNESS }).toMatch(/"Type":"volume","Action":"destroy"/);
    for (const action of ['create', 'attach', 'start', 'die', 'destroy'])
      expect(told).toContain(`"Action":"${action}"`);
    expect(await docker.listContainers({ all: true })).toEqual([]);
  });
});
