// npm start: set up what is missing, then open the window (under Xvfb where there is no display).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const { dist } = setup();
const args = [root, ...process.argv.slice(2)];
if (process.getuid() === 0) args.push('--no-sandbox');
const display = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
const electron = join(dist, 'electron');
const [command, commandArgs] = display
  ? [electron, args]
  : ['xvfb-run', ['-a', '-s', '-screen 0 1440x900x24', electron, ...args]];
const child = spawn(command, commandArgs, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 0)));
