import type { LogFields, Logger } from '../../pipeline/ports.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that prints nothing and keeps every line. */
export function recordedLog(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const loggerWith = (bound: LogFields): Logger => {
    const at = (level: LogLine['level']) => (fields: LogFields, message: string) => {
      lines.push({ level, message, fields: { ...bound, ...fields } });
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => loggerWith({ ...bound, ...fields }),
    };
  };
  return { ...loggerWith({}), lines };
}
