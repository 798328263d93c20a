/** Whether a `model:` of the settings is the path of a file; else it is a name of the catalog, or `auto`. */
export function isModelPath(model: string): boolean {
  return /[/\\]|\.(onnx|pth|pt)$/i.test(model);
}
