/** The part of WebAssembly that the search uses; its types otherwise come with a browser's, which Node has not. */
export interface WasmMemory {
  /** Stays what it is: the memories here never grow. */
  readonly buffer: SharedArrayBuffer;
}

/** Compiled code; may be sent to a worker thread. */
export type WasmModule = object & { readonly wasmModule?: never };

export interface WasmApi {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => WasmModule;
  Instance: new (
    module: WasmModule,
    imports: Record<string, Record<string, WasmMemory>>,
  ) => { readonly exports: Record<string, unknown> };
  Memory: new (shape: { initial: number; maximum: number; shared: true }) => WasmMemory;
}

/** Undefined where the program runs without it (`--jitless`). */
export const webAssembly = (globalThis as { WebAssembly?: WasmApi }).WebAssembly;
