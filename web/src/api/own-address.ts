/**
 * A path of the server, like `/session`, as this page reaches it: beside itself. The page may stand under a gateway's prefix that
 * only the address bar knows.
 */
export const ownAddress = (path: string): string => `.${path}`;
