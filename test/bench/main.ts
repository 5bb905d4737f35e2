import { benchBoot } from './boot.ts';
import { benchExits } from './exits.ts';
import { type Figure, formatFigure } from './figure.ts';
import { benchSerial } from './serial.ts';
import { benchStartup } from './startup.ts';

type Bench = () => Figure[] | Promise<Figure[]>;

const benches: Record<string, Bench> = {
  exits: benchExits,
  startup: benchStartup,
  serial: benchSerial,
  'boot-lab': benchBoot,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined) {
  process.stderr.write(`error: bench: there is none called ${unknown}\nhint: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const figure of await bench()) process.stdout.write(`${formatFigure(figure)}\n`);
}
process.exit(0);
