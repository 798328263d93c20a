import type { Plugin } from 'vite';

/**
 * Of `@cycjimmy/jsmpeg-player` (JSMpeg, MIT) only the demuxer, the MPEG-1 decoder in JavaScript and the renderers are taken.
 * As it is published it puts a `<style>` into the page when it is loaded, which the server's policy forbids, and brings a
 * WebAssembly decoder, which the policy does not let it start, sound, and a player with a socket of its own.
 */
const EDITS: readonly (readonly [published: string, taken: string])[] = [
  ['styleInject(css_248z);', ''],
  ['export { JSMpeg as default };', 'export { TS, MPEG1, WebGLRenderer, CanvasRenderer };'],
];

export function jsmpegParts(): Plugin {
  return {
    name: 'jsmpeg-parts',
    transform: {
      filter: { id: /jsmpeg-player\.esm\.js/ },
      handler(code) {
        let taken = code;
        for (const [published, instead] of EDITS) {
          if (taken.split(published).length !== 2) {
            throw new Error(`@cycjimmy/jsmpeg-player must hold ${JSON.stringify(published)} once; it was changed`);
          }
          taken = taken.replace(published, instead);
        }
        return { code: taken, map: null };
      },
    },
  };
}
