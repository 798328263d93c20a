/** A model file has fewer bytes than this: more than 2 GiB is no single ONNX file, whose format ends there. */
export const MODEL_BYTES_LIMIT = 2 ** 31;
