import { userInfo } from 'node:os';

/** Who typed a command, as the audit log calls them: `command line (ada)`. */
export function commandLineCaller(): string {
  return `command line (${userName()})`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have a number and no name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
