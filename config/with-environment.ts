/**
 * Does `work` while this program's environment is another one: for code of others that starts a process and lets nobody say what that
 * process sees. Nothing else runs meanwhile, since `work` does not wait.
 */
export function withEnvironment<T>(environment: Readonly<Record<string, string>>, work: () => T): T {
  const own = process.env;
  process.env = { ...environment };
  try {
    return work();
  } finally {
    process.env = own;
  }
}
