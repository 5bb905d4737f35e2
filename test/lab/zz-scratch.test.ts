import { test } from 'vitest';
import { clone, Lab } from '/work/main/test/support/lab/lab.ts';
import { LabBulkhead } from '/work/main/test/support/lab/lab-bulkhead.ts';

test('x', async () => {
  const t = performance.now();
  const say = (...a: unknown[]) =>
    process.stderr.write(
      `${((performance.now() - t) / 1000).toFixed(1)} ${a
        .map((x) => (typeof x === 'string' ? x : JSON.stringify(x)))
        .join(' ')
        .slice(0, 1500)}\n`,
    );
  const lab = await Lab.start();
  say('start');
  const b = await LabBulkhead.create(lab, '/tmp/home');
  say('home');
  const orig = lab.exec.bind(lab);
  lab.exec = async (argv, o) => {
    say('>', argv.join(' ').slice(0, 200));
    const e = await orig(argv, o);
    say('<', e.code, e.late, e.seconds, e.stdout.slice(-300), e.stderr.slice(-300));
    return e;
  };
  const m = await b.create('auto', '--guest', 'tiny-linux', '--memory', '128M');
  await m.start('Tiny Linux is up');
  await m.listed();
  await m.vm('kill');
  await m.state();
  await m.left();
  const m2 = await b.create('electron', '--guest', 'tiny-linux', '--memory', '128M', '--accel', 'kvm');
  await lab.exec(
    [process.execPath, `${clone}/bulkhead`, 'vm', 'start', 'electron', '--wait-for', 'login:', '--timeout', '120'],
    { env: { ...b.env, ELECTRON_RUN_AS_NODE: '1' }, seconds: 100 },
  );
  await m2.listed();
  await m2.vm('kill');
  await lab.dispose();
  say('disposed');
}, 300000);
