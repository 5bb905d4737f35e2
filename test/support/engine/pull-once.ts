/** A process that opens an image store and pulls one image: to be killed at any moment. */
import { pathToFileURL } from 'node:url';
import { openImageStore } from '../../../src-main/containers/images/local-image-store.ts';

const [folder = '', reference = '', worker = ''] = process.argv.slice(2);
const store = await openImageStore({ folder, worker: pathToFileURL(worker) });
process.stdout.write('open\n');
await store.pull(reference);
store.close();
