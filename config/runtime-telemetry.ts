/**
 * From 1.30 on onnxruntime reports every session to Microsoft (Linux, macOS), keeps an identifier of the machine, and
 * leaves a log in the temporary folder for each process. facegate reports to nobody: this must stand in the environment
 * of the process before the runtime is loaded, so import it first.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
