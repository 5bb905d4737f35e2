/** A container's first process, until it becomes the container's own program. */
import { runInit } from '../containers/runtime/init/run-init.ts';

runInit();
