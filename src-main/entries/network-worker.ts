/** A thread that lives in the network namespace of an ordinary user's bridges. */
import { parentPort } from 'node:worker_threads';
import { runInner } from '../containers/networks/inner/run-inner.ts';

runInner(parentPort!);
