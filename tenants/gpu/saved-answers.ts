import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { plainText } from '../../models/devices/plain-text.ts';
import type { RunTool, ToolAnswer } from '../../models/devices/run-tool.ts';

/** Which file of the folder holds what nvidia-smi printed with these arguments. */
const SAVED: Readonly<Record<string, string>> = {
  '-q -x': 'query.xml',
  '-L': 'list.txt',
  'mig -lgip': 'mig-lgip.txt',
  'mig -lgipp': 'mig-lgipp.txt',
  'mig -lgi': 'mig-lgi.txt',
  'mig -lci': 'mig-lci.txt',
};

const MOST_BYTES = 16 * 1024 * 1024;

/**
 * An nvidia-smi that answers with what another machine's printed. A file that is not there is a question that was not
 * permitted; without `query.xml` there was no nvidia-smi.
 */
export function savedAnswers(folder: string): RunTool {
  return async (program, args) => {
    const file = program === 'nvidia-smi' ? SAVED[args.join(' ')] : undefined;
    if (file === undefined) return { state: 'absent' };
    const text = await read(join(folder, file));
    if (text !== null) return answerOf(text, file);
    return file === 'query.xml' ? { state: 'absent' } : { state: 'failed', why: `there is no ${file} in ${folder}` };
  };
}

/** What was saved of a failure is its message. */
function answerOf(text: string, file: string): ToolAnswer {
  const first = text.split('\n', 1)[0]?.trim() ?? '';
  if (/command not found|No such file or directory/.test(first)) return { state: 'absent' };
  const failed =
    file === 'query.xml' ? !text.includes('<nvidia_smi_log') : /^(No |Insufficient|Failed|NVIDIA-SMI has)/.test(first);
  return failed ? { state: 'failed', why: plainText(first) } : { state: 'answered', text };
}

/** @throws {AppError} USAGE where the file is larger than any answer, or cannot be read though it is there. */
async function read(path: string): Promise<string | null> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw new AppError('USAGE', `${path} is larger than 16 MiB: no answer of nvidia-smi is`);
    return await file.readFile('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw AppError.from(error, 'USAGE', `${path} cannot be read: ${(error as Error).message}`);
  }
}
