import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** What nobody holds is gone afterwards; its memory may be swept a moment later. */
export const collectGarbage = runInNewContext('gc') as () => void;
