import pretty from 'pino-pretty';
import { type LogOptions, openLog as openAnyLog } from '../../server/logs/open-log.ts';

/** The program's log on stderr, lines for people on a terminal, JSON for machines elsewhere; and in a file, where one is given. */
export function openLog(level: LogOptions['level'], file?: LogOptions['file']) {
  const stderr = process.stderr.isTTY
    ? pretty({ destination: 2, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true })
    : undefined;
  return openAnyLog({ level, file, stderr });
}
