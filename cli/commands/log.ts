import { pino } from 'pino';
import pretty from 'pino-pretty';

/**
 * The program's log on stderr: lines for people on a terminal, JSON for machines elsewhere. Credentials are kept out where
 * they arise; the paths here are the second fence.
 */
export function openLog(level: string) {
  const destination = process.stderr.isTTY
    ? pretty({ destination: 2, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true })
    : pino.destination({ dest: 2, sync: false });
  return pino(
    {
      level,
      base: null,
      redact: ['req.headers.authorization', 'req.headers.cookie', 'req.headers["x-api-key"]', '*.password', '*.key'],
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
}
