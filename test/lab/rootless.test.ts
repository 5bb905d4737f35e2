import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeLayout, packFolder } from '../support/engine/layout-maker.ts';
import type { CommandEnd } from '../support/lab/lab.ts';
import { PROGRAM } from '../support/lab/lab-bulkhead.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';

const USER = 'anna';
const HOME = `/home/${USER}`;
/** The program where the user may read it, wherever the clone is. */
const OWN_PROGRAM = `${HOME}/program`;

/**
 * A user as an installed Debian has one: with ids for containers (subuid(5)), a control group of its own, a tun device as
 * udev leaves it, and a home that an overlay can write to (the lab's root is an overlay itself).
 */
const MAKE_USER = `
set -e
truncate -s 1G /tmp/home.img && mkfs.ext4 -q /tmp/home.img && mkdir -p ${HOME} && mount -o loop /tmp/home.img ${HOME}
useradd --home-dir ${HOME} --shell /bin/bash ${USER} && chown ${USER}: ${HOME}
for file in subuid subgid; do echo ${USER}:200000:65536 >/etc/$file; done
echo '+cpu +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/${USER} && cd /sys/fs/cgroup/${USER}
chown ${USER}: . cgroup.procs cgroup.subtree_control
chmod 0666 /dev/net/tun
install -d -m 0700 -o ${USER} -g ${USER} /run/user /run/user/${USER}
mkdir -p ${OWN_PROGRAM}/node_modules
cp -r ${PROGRAM}/out ${PROGRAM}/bulkhead ${PROGRAM}/package.json ${PROGRAM}/resources ${OWN_PROGRAM}/
cp -r ${PROGRAM}/node_modules/{koffi,@koromix} ${OWN_PROGRAM}/node_modules/
chmod -R a+rX /home/${USER}`;

/** An archive with the image `box`, which the lab sees: one program under some names, and a page at /www. */
function makeImage(folder: string): string {
  const root = join(folder, 'root');
  for (const name of ['bin', 'etc', 'www', 'tmp']) mkdirSync(join(root, name), { recursive: true });
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const name of ['sh', 'id', 'dd', 'httpd', 'touch', 'ping']) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'www/page'), 'served\n');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  const layout = makeLayout(join(folder, 'layout'), 'docker.io/library/box:latest', [packFolder(root)]);
  const archive = join(folder, 'box.tar');
  writeFileSync(archive, packFolder(layout));
  return archive;
}

describe('containers of an ordinary user, on the control groups of version 2 of the lab', LAB_RETRY, () => {
  const session = labSession();
  const met = need('rootless');
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-rootless-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs a line of the user's shell, in the control group that is the user's. */
  const run = (line: string, seconds = 120): Promise<CommandEnd> => {
    const script = `echo $$ >/sys/fs/cgroup/${USER}/cgroup.procs 2>/dev/null || echo $$ >/sys/fs/cgroup/${USER}/bulkhead-engine/cgroup.procs
      cd ${HOME}; exec setpriv --reuid ${USER} --regid ${USER} --init-groups --inh-caps=-all bash -c "$0"`;
    const env = {
      HOME,
      USER,
      XDG_RUNTIME_DIR: `/run/user/${USER}`,
      PATH: `${OWN_PROGRAM}:/usr/local/bin:/usr/bin:/bin`,
    };
    return session.lab.exec(['bash', '-c', script, line], { env, seconds });
  };
  const say = async (line: string): Promise<string> => {
    const end = await run(line);
    expect(end, `${line}\n${end.stdout}${end.stderr}`).toMatchObject({ code: 0 });
    return end.stdout;
  };

  beforeAll(async () => {
    if (session.lab === undefined || !met) return;
    await session.lab.output(MAKE_USER);
    const archive = makeImage(folder);
    await session.lab.output(`cp ${archive} ${HOME}/box.tar && chmod a+r ${HOME}/box.tar`);
    await say('bulkhead engine serve');
    await say('bulkhead load --input box.tar');
  }, 600_000 * SLOWNESS);

  beforeEach(async () => {
    if (met) await run('bulkhead rm -f eater web');
  });

  test('root inside is the user outside; files are the user’s', async () => {
    await say('mkdir -p shared');
    expect(await say('bulkhead run --rm -v $PWD/shared:/shared box sh -c "id -u; touch /shared/made"')).toBe('0\n');
    expect(await session.lab.output(`stat -c %U ${HOME}/shared/made`)).toBe(`${USER}\n`);
    const naught = 'test -c /dev/naught && dd if=/dev/naught bs=5 count=1 2>/dev/null';
    expect(await say(`bulkhead run --rm --device /dev/zero:/dev/naught box sh -c '${naught}'`)).toBe('\0'.repeat(5));
    expect(await session.lab.output(`ps -o user= -C bulkhead-engine -C node | sort -u`)).toContain(USER);
  });

  test('limits bite: memory beyond it is killed, and reported so', async () => {
    const end = await run('bulkhead run --name eater --memory 32m box dd if=/dev/zero of=/dev/null bs=200M count=1');
    expect(end.code).toBe(137);
    expect(JSON.parse(await say('bulkhead inspect eater'))).toMatchObject([{ State: { OOMKilled: true } }]);
    await say('bulkhead rm eater');
  });

  test('a published port leads to the container', async () => {
    await say('bulkhead run -d --name web -p 127.0.0.1:8088:80 box httpd -f -p 80 -h /www');
    const page = 'until busybox wget -qO- http://127.0.0.1:8088/page; do sleep 1; done';
    expect(await session.lab.output(page, { seconds: 60 })).toBe('served\n');
    await say('bulkhead rm -f web');
  });

  test('on a network of one’s own containers know each other by name, and a published port leads there', async () => {
    await run('bulkhead network rm front');
    await say('bulkhead network create front');
    await say('bulkhead run -d --name web --network front -p 127.0.0.1:8089:80 box httpd -f -p 80 -h /www');
    const page = 'until busybox wget -qO- http://127.0.0.1:8089/page; do sleep 1; done';
    expect(await session.lab.output(page, { seconds: 60 })).toBe('served\n');
    const ping = 'bulkhead run --rm --network front box ping -c 1 -W 10 web';
    expect(await say(ping)).toContain('1 packets received');
    await say('bulkhead rm -f web && bulkhead network rm front');
  });

  test('what is removed leaves nothing: no process, cgroup, mount', async () => {
    expect(await say('bulkhead ps -aq')).toBe('');
    await say('bulkhead engine stop');
    // The keeper of the containers ends some seconds after the last of them.
    await session.lab.output(`while pgrep -u ${USER} >/dev/null; do sleep 1; done`, { seconds: 60 });
    const left = await session.lab.output(
      `pgrep -u ${USER} -l || true; find /sys/fs/cgroup/${USER} -mindepth 1 -type d`,
    );
    expect(left.replace(`/sys/fs/cgroup/${USER}/bulkhead-engine\n`, '')).toBe('');
  });
});
