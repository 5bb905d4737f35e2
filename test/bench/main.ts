import { benchBoot } from './boot.ts';
import { benchContainers } from './containers.ts';
import { benchDisk } from './disk.ts';
import { benchExits } from './exits.ts';
import { type Figure, formatFigure } from './figure.ts';
import { runInLab } from './in-lab.ts';
import { kvmPresent } from './kvm-present.ts';
import { benchLayers } from './layers.ts';
import { benchLogin } from './login.ts';
import { benchManyContainers } from './many-containers.ts';
import { benchNet } from './net.ts';
import { benchPodman } from './podman.ts';
import { benchSerial } from './serial.ts';
import { benchStartup } from './startup.ts';

type Bench = () => Figure[] | Promise<Figure[]>;

const benches: Record<string, Bench> = {
  exits: benchExits,
  startup: benchStartup,
  serial: benchSerial,
  containers: benchContainers,
  'many-containers': benchManyContainers,
  podman: benchPodman,
  layers: benchLayers,
  'boot-lab': benchBoot,
  'login-lab': benchLogin,
  'disk-lab': benchDisk,
  'net-lab': benchNet,
};

/** Run in the lab on a computer without KVM: the ratios hold there, the times do not. */
const NEED_KVM: ReadonlySet<string> = new Set(['exits', 'startup']);

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined) {
  process.stderr.write(`error: bench: there is none called ${unknown}\nhint: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (NEED_KVM.has(name) && !(await kvmPresent())) {
    await runInLab(name);
    continue;
  }
  for (const figure of await bench()) process.stdout.write(`${formatFigure(figure)}\n`);
}
process.exit(0);
