import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const entry = (name: string): string => resolve(import.meta.dirname, 'src-main/entries', name);

/** What stays outside the bundles: native code, and v86 with the wasm file it loads from beside itself. */
const external = ['electron', 'koffi', 'v86', /^node:/];

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      // The CLI and VM hosts also run under the user's own Node.
      target: 'node20.19',
      sourcemap: true,
      minify: true,
      externalizeDeps: false,
      license: { fileName: 'licenses.md' },
      rollupOptions: {
        input: {
          main: entry('main.ts'),
          cli: entry('cli.ts'),
          'runtime-cli': entry('runtime-cli.ts'),
          'container-init': entry('container-init.ts'),
          'container-keeper': entry('container-keeper.ts'),
          engine: entry('engine.ts'),
          'vm-host': entry('vm-host.ts'),
          'vcpu-worker': entry('vcpu-worker.ts'),
          'layer-worker': entry('layer-worker.ts'),
          'io-worker': entry('io-worker.ts'),
          'network-worker': entry('network-worker.ts'),
        },
        external,
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: entry('preload.ts') },
        external: ['electron'],
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src-renderer',
    build: {
      outDir: 'out/renderer',
      license: { fileName: 'licenses.md' },
      rollupOptions: { input: resolve(import.meta.dirname, 'src-renderer/index.html') },
    },
    plugins: [react()],
  },
});
