/** The address without its query, which may carry what nobody meant to log. */
export const pathOf = (url: string): string => url.split('?', 1)[0] as string;
