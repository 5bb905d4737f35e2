/** The parent of an engine's containers: started detached with their state folder, ends when it has none. */
import { closeSync, writeSync } from 'node:fs';
import { runKeeper } from '../containers/runtime/keeper/run-keeper.ts';

/** The pipe to whoever started us, for one byte once we listen. */
const READY_FD = 3;

await runKeeper(process.argv[2] ?? '', () => {
  try {
    writeSync(READY_FD, '\n');
    closeSync(READY_FD);
  } catch {
    // The starter has gone: nobody is left to tell.
  }
});
process.exit();
