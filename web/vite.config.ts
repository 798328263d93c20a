import { defineConfig } from 'vite';
import { jsmpegParts } from './jsmpeg-parts.ts';

const SERVER = 'http://127.0.0.1:8080';
const REST = [
  '/session',
  '/cameras',
  '/subjects',
  '/groups',
  '/unknowns',
  '/keys',
  '/sinks',
  '/audit',
  '/doors',
  '/events',
  '/ready',
  '/health',
];

/** `npm run build:web` writes web/dist, which the server serves; `npx vite web` serves the page beside a running server. */
export default defineConfig({
  // The page may stand under a gateway's prefix.
  base: './',
  plugins: [jsmpegParts()],
  // The page served beside a running server: packed ahead, the package would pass the plugin by.
  optimizeDeps: { exclude: ['@cycjimmy/jsmpeg-player'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The server's policy is `default-src 'self'`: nothing may become a data: URL, no helper may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The notices of what is bundled come along.
    license: { fileName: 'licenses.md' },
  },
  server: {
    host: '127.0.0.1',
    // Origin and Host are rewritten so that the server takes the page for its own.
    proxy: {
      ...Object.fromEntries(
        REST.map((path) => [path, { target: SERVER, changeOrigin: true, headers: { origin: SERVER } }]),
      ),
      '/ws': { target: SERVER, changeOrigin: true, ws: true, headers: { origin: SERVER } },
    },
  },
});
