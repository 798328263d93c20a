import type { OnnxValueInfo } from './onnx-schema.ts';

/** A size, or the name of one that the caller chooses; `?` where the file says neither. */
export type Dimension = number | string;

/** The shape of an input or output; empty where the file gives none. */
export function dimensionsOf(value: OnnxValueInfo): Dimension[] {
  const dims = value.type?.tensorType?.shape?.dim ?? [];
  // What is absent reads as 0 through the message's prototype.
  return dims.map((dim) => (Object.hasOwn(dim, 'dimValue') ? Number(dim.dimValue) : dim.dimParam || '?'));
}

/** @param value an input or output that has a shape. */
export function setDimensions(value: OnnxValueInfo, sizes: readonly Dimension[]): void {
  value.type!.tensorType!.shape!.dim = sizes.map((size) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  );
}
