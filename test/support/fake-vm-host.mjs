// A scripted VM host, for tests of those who start and talk to VM hosts: the files, lock, sockets and QMP commands of
// a real one, and no machine. FAKE_VM_HOST in its environment says how it behaves.
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import koffi from 'koffi';

const id = process.argv[2];
const behaviour = process.env.FAKE_VM_HOST ?? 'ready';
const data = join(process.env.XDG_DATA_HOME, 'bulkhead/machines', id);
const run = join(process.env.XDG_RUNTIME_DIR, 'bulkhead/machines', id);
const say = (line) => writeSync(3, `${line}\n`);
const config = JSON.parse(readFileSync(join(data, 'machine.json'), 'utf8'));

const flock = koffi.load('libc.so.6').func('int flock(int fd, int operation)');
if (flock(openSync(join(data, 'lock'), 'a+'), 6) !== 0) {
  say(
    JSON.stringify({ failure: { failureClass: 'state', code: 'already-running', message: 'it is running already' } }),
  );
  process.exit(4);
}

if (behaviour === 'failure') {
  const failure = { failureClass: 'host', code: 'kvm-missing', message: 'KVM: not there', hint: 'use --accel auto' };
  say(JSON.stringify({ failure }));
  process.exit(5);
}
if (behaviour === 'dies') throw new Error('out of order');
if (behaviour === 'garbage') say('good morning');

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const startedAt = new Date().toISOString();
const lastRun = (rest) => {
  const text = JSON.stringify({ version: 1, startedAt, pid: process.pid, bootId, ...rest });
  writeFileSync(join(data, 'last-run.json'), text);
};
mkdirSync(run, { recursive: true, mode: 0o700 });
lastRun({ outcome: 'running' });
writeFileSync(join(run, 'host.pid'), `${process.pid}\n`);

let state = 'running';
const serialClients = new Set();
const qmpClients = new Set();
let scrollback = 'booting\r\nfake login: ';

function print(text) {
  scrollback += text;
  for (const client of serialClients) client.write(text);
}

function tell(event, more = {}) {
  const timestamp = { seconds: 1, microseconds: 2 };
  for (const client of qmpClients) client.write(`${JSON.stringify({ event, data: more, timestamp })}\r\n`);
}

function turn(next) {
  state = next;
  tell('X_STATE_CHANGED', { state });
}

function powerOff(outcome, reason) {
  lastRun({ outcome, reason, endedAt: new Date().toISOString() });
  rmSync(run, { recursive: true, force: true });
  process.exit(0);
}

const commands = {
  qmp_capabilities: () => ({}),
  eject: () => ({}),
  'blockdev-change-medium': () => ({}),
  'x-query-machine': () => ({
    state,
    accelerator: 'translated',
    cpus: config.cpus,
    memoryMiB: config.memoryMiB,
    pid: process.pid,
    startedAt,
    boot: 'nothing',
    serial: { bytes: scrollback.length },
  }),
  'x-query-stats': () => ({
    uptimeMs: 2000,
    hostCpuMs: 100,
    residentMiB: 50,
    vcpus: [{ index: 0, 'thread-id': 7, state, portExits: 3, mmioExits: 2, otherExits: 1, hostCpuMs: 90 }],
    console: { outputBytes: scrollback.length, visitors: serialClients.size },
  }),
  stop: () => turn('paused') ?? {},
  cont: () => turn('running') ?? {},
  system_reset: () => print('reset\r\n') ?? {},
  system_powerdown: () => setTimeout(() => powerOff('off'), 50) && (turn('stopping') ?? {}),
  quit: () => setTimeout(() => powerOff('off'), 20) && {},
};

const qmp = createServer((client) => {
  if (behaviour === 'silent') return;
  qmpClients.add(client);
  client.on('error', () => undefined).on('close', () => qmpClients.delete(client));
  client.write(`${JSON.stringify({ QMP: { version: {}, capabilities: [] } })}\r\n`);
  let text = '';
  client.on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const { execute, id: askedId } = JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
      const error = { class: 'CommandNotFound', desc: `no ${execute}` };
      const answer = Object.hasOwn(commands, execute) ? { return: commands[execute]() } : { error };
      client.write(`${JSON.stringify({ ...answer, id: askedId })}\r\n`);
    }
  });
});

// An echoing guest; `off` and `panic` end it.
const serial = createServer((client) => {
  serialClients.add(client);
  client.on('error', () => undefined).on('close', () => serialClients.delete(client));
  client.write(scrollback);
  client.on('data', (bytes) => {
    print(`<${bytes}>`);
    if (String(bytes).startsWith('off')) powerOff('off');
    if (String(bytes).startsWith('panic')) powerOff('failed', 'the guest panicked');
  });
});

qmp.listen(join(run, 'qmp.sock'), () => {
  serial.listen(join(run, 'serial0.sock'), () => {
    if (behaviour === 'mute') return;
    say(JSON.stringify({ ready: { pid: process.pid, accelerator: 'translated' } }));
    if (behaviour === 'brief') setTimeout(() => powerOff('failed', 'the guest triple-faulted'), 100);
  });
});
