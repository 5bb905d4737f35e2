/** `bulkhead-runtime`: containers from OCI bundles, by runc's command line. */
import { runRuntimeCli } from '../containers/runtime/command-line/run-runtime-cli.ts';

const status = await runRuntimeCli(process.argv.slice(2));
process.stdout.write('', () => process.stderr.write('', () => process.exit(status)));
