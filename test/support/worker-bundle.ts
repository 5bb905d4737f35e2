import { mkdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

/**
 * Bundles a worker's entry, so that a test can start it in a real thread (worker threads do not go through vitest). Lies under
 * the repository, where packages are found from it.
 */
export async function bundleWorker(entry: URL, name: string): Promise<URL> {
  const folder = fileURLToPath(new URL('../../.cache/test-workers/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${name}-${process.pid}.mjs`;
  const bundle = await rolldown({
    input: fileURLToPath(entry),
    platform: 'node',
    external: ['koffi', 'v86'],
    logLevel: 'silent',
  });
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  return pathToFileURL(file);
}
