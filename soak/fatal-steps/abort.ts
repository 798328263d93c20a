// A post-processing step of a tenant's own, as `steps:` takes them: it ends the process as a library written in C++ would.
export default { name: 'abort', apply: () => process.abort() };
