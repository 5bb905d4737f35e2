/** A process with a user-mode network: says passt's process id, then stays, or with `once` ends. */
import { UserNetwork } from '../../../src-main/network/passt/user-network.ts';

const network = await UserNetwork.start({
  machine: 'machine "owner"',
  mac: '52:54:00:00:00:01',
  forwards: [],
  env: process.env,
});
process.stdout.write(`${network.pid}\n`);
if (process.argv.includes('once')) network.dispose();
else setInterval(() => {}, 1000);
