import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { defaultSeccomp } from '../../../src-main/containers/runtime/seccomp/default-policy.ts';
import { clone } from '../../support/lab/lab.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { Bundle, type Draft, dockerLikeSpec } from './bundle.ts';

/** Everything a program can see of the container it is in, one `[name]` and its lines each. */
const LOOK_AROUND = [
  ['status', 'grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups|Umask)" /proc/self/status'],
  ['maps', 'cat /proc/self/uid_map /proc/self/gid_map'],
  ['limits', 'cat /proc/self/limits'],
  ['environment', 'env | sort'],
  ['cwd', 'pwd'],
  ['host', 'hostname'],
  ['oom', 'cat /proc/self/oom_score_adj'],
  ['descriptors', 'ls /proc/self/fd | wc -l'],
  ['cgroup', 'sed "s/[^/]*$//" /proc/self/cgroup | sort'],
  ['devices', 'for f in /dev/*; do stat -c "%n %F %t:%T %a %u:%g" $f; done | sort'],
  ['links', 'for f in /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx /dev/core; do readlink $f; done'],
  [
    'masks',
    'for f in /proc/keys /proc/timer_list /proc/acpi /sys/firmware; do stat -c "%n %F" $f; ls $f | wc -l; done',
  ],
  ['readonly', 'for f in bus fs irq sys; do touch /proc/$f/x 2>&1; done'],
  ['interfaces', 'ls /sys/class/net'],
  ['pid', 'echo $$'],
  ['namespaces', 'for n in mnt pid uts ipc net cgroup; do readlink /proc/self/ns/$n | wc -c; done'],
].map(([name, script]) => `echo "[${name}]"; ${script}`);
/**
 * The root's own line names the host's disk. How a path is masked differs on purpose (ours takes the host's null
 * device and a tmpfs that holds nothing); what a program sees of it is compared above. runc leaves the tmpfs above the
 * hierarchies of version 1 writable where the configuration says `ro`.
 */
const MOUNTS =
  'echo "[mounts]"; awk \'{print $2, $3, $4}\' /proc/mounts | grep -Ev "^(/|/proc/(acpi|keys|timer_list|kcore|asound)|/sys/firmware|/sys/fs/cgroup) " | sort';
const SCRIPT = [...LOOK_AROUND, MOUNTS].join('\n');

interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
}

const runtimes: readonly Runtime[] = [
  { name: 'bulkhead-runtime', command: [join(clone, 'bulkhead-runtime')] },
  { name: 'runc', command: ['runc'] },
  // crun 1.8 refuses a computer with both versions of cgroups: the second is hidden from it.
  {
    name: 'crun',
    command: ['unshare', '-m', 'sh', '-c', 'umount /sys/fs/cgroup/unified 2>/dev/null; exec crun "$@"', 'crun'],
  },
];

describe('the same bundles under ours, runc and crun', { timeout: 120_000 * SLOWNESS }, () => {
  if (!need('root', 'oci')) return test('needs root, runc and crun', () => undefined);
  const bundle = new Bundle();
  afterAll(() => bundle.dispose());
  let last = 0;

  function look({ command }: Runtime, change: (spec: Draft) => void, script = SCRIPT): Map<string, string[]> {
    bundle.write(dockerLikeSpec(['/bin/sh', '-c', script], change));
    const [program, ...args] = command;
    const id = `conformance-${process.pid}-${++last}`;
    const { ELECTRON_RUN_AS_NODE: _asNode, ...env } = process.env;
    const options = { encoding: 'utf8', env, input: '' } as const;
    const result = spawnSync(program!, [...args, 'run', '--bundle', bundle.path, id], options);
    if (result.status !== 0) throw new Error(`${program}: ${result.status}: ${result.stdout}${result.stderr}`);
    const found = new Map<string, string[]>();
    let section: string[] = [];
    for (const line of result.stdout.trimEnd().split('\n')) {
      const name = /^\[(\w+)\]$/.exec(line)?.[1];
      if (name !== undefined) {
        section = [];
        found.set(name, section);
      } else section.push(line.replaceAll(id, 'ID'));
    }
    return found;
  }

  /** crun 1.8 makes /dev/core without a /proc/kcore for it, and forgets the other flags of what it makes read-only. */
  function comparable(lines: readonly string[] = [], referee: Runtime): string[] {
    if (referee.name !== 'crun') return [...lines];
    const comparableLine = (line: string): string =>
      line.replace(/^(\/proc\/(bus|fs|irq|sys|sysrq-trigger) proc ro).*/, '$1');
    return lines.filter((line) => !/core/.test(line)).map(comparableLine);
  }

  const cases: Readonly<Record<string, (spec: Draft) => void>> = {
    'Docker’s defaults': () => undefined,
    'a user, groups, limits, no_new_privs, a read-only root': (spec) => {
      spec.root = { ...spec.root, readonly: true };
      spec.process = {
        ...spec.process,
        user: { uid: 1000, gid: 1001, additionalGids: [5, 6] },
        rlimits: [
          { type: 'RLIMIT_NOFILE', soft: 512, hard: 1024 },
          { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
        ],
        noNewPrivileges: true,
        oomScoreAdj: 100,
        cwd: '/tmp',
      };
    },
    'Docker’s system call policy': (spec) => {
      spec.linux = { ...spec.linux, seccomp: defaultSeccomp(spec.process.capabilities?.bounding ?? []) };
    },
    'binds, tmpfs and their options': (spec) => {
      spec.mounts.push(
        { destination: '/etc/passwd', type: 'bind', source: '/etc/passwd', options: ['bind', 'ro'] },
        { destination: '/data', type: 'bind', source: '/usr/share/doc', options: ['rbind', 'ro', 'nosuid', 'nodev'] },
        { destination: '/scratch', type: 'tmpfs', source: 'tmpfs', options: ['noexec', 'size=1m', 'mode=1700'] },
      );
    },
    'ambient and inheritable capabilities': (spec) => {
      const some = ['CAP_NET_ADMIN', 'CAP_KILL'];
      spec.process = {
        ...spec.process,
        user: { uid: 1000, gid: 1000 },
        capabilities: { bounding: some, effective: some, permitted: some, inheritable: some, ambient: some },
      };
    },
  };

  for (const [name, change] of Object.entries(cases)) {
    for (const referee of runtimes.slice(1)) {
      test(`${name}: as under ${referee.name}`, () => {
        const ours = look(runtimes[0]!, change);
        const theirs = look(referee, change);
        expect(theirs.size).toBeGreaterThan(10);
        for (const [section, lines] of theirs) {
          expect([section, ...comparable(ours.get(section), referee)]).toEqual([
            section,
            ...comparable(lines, referee),
          ]);
        }
      });
    }
  }

  test('Docker’s system call policy: what is refused, and how, is what libseccomp makes of it', () => {
    const script = [
      'unshare -U true 2>&1; unshare -n true 2>&1; mount -t tmpfs x /tmp 2>&1; chroot / true && echo chroot',
      'hostname other 2>&1; echo done',
    ].join('; ');
    const said = runtimes.map((runtime) =>
      look(runtime, cases['Docker’s system call policy']!, `echo "[said]"; ${script}`).get('said'),
    );
    expect(said[1]).toEqual(said[0]);
    expect(said[2]).toEqual(said[0]);
  });
});
