// The lab's agent: takes commands from the tests over a virtio-serial port, one JSON document per line, and answers
// with how each ended. Runs inside the lab under the distribution's Node. When the tests go away, so does the lab.
import { spawn } from 'node:child_process';
import { createReadStream, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';

const PORT_NAME = 'lab-agent';
/** How often it says that the lab still runs (lab.ts). */
const ALIVE_MS = 5000;
const UNKILLABLE_MS = 10_000;
const ports = '/sys/class/virtio-ports';
const name = readdirSync(ports).find((port) => readFileSync(`${ports}/${port}/name`, 'utf8').trim() === PORT_NAME);
const fd = openSync(`/dev/${name}`, 'r+');

function answer(message) {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

function run({ id, argv, cwd, env, input, ms }) {
  const begin = process.hrtime.bigint();
  const said = { stdout: [], stderr: [] };
  const child = spawn(argv[0], argv.slice(1), {
    cwd,
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {}
    child.stdout.destroy();
    child.stderr.destroy();
    // What even SIGKILL does not end hangs in the lab's kernel. The second answer of the others is for nobody.
    setTimeout(() => end(null, 'SIGKILL'), UNKILLABLE_MS);
  }, ms);
  for (const stream of ['stdout', 'stderr']) child[stream].on('data', (bytes) => said[stream].push(bytes));
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const end = (code, signal, error) => {
    clearTimeout(timer);
    const text = (stream) => Buffer.concat(said[stream]).toString('utf8');
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    answer({ id, code, signal, late, error, seconds, stdout: text('stdout'), stderr: text('stderr') });
  };
  child.once('error', (error) => end(null, null, error.message));
  child.once('close', (code, signal) => end(code, signal));
}

let pending = '';
createReadStream('', { fd, autoClose: false, encoding: 'utf8' })
  .on('data', (text) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop();
    for (const line of lines) run(JSON.parse(line));
  })
  .on('close', () => process.exit(0))
  .on('end', () => process.exit(0));
answer({ hello: process.version });
setInterval(() => answer({ alive: true }), ALIVE_MS);
