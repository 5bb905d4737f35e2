import { foreseeStart } from '../cli/vm/foresee-start.ts';

// A reader that has had enough, as in `bulkhead vm list | head -1`, ends the program without a complaint.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const argv = process.argv.slice(2);
const foreseen = await foreseeStart(argv, process.env);
const { runCli } = await import('../cli/run-cli.ts');
const status = await runCli(argv, {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  onSignal: (signal, listener) => {
    process.on(signal, listener);
    return { dispose: () => process.off(signal, listener) };
  },
  ...(foreseen && { launch: { foreseen } }),
});
process.exitCode = status;
process.stdout.write('', () => process.stderr.write('', () => process.exit(status)));
