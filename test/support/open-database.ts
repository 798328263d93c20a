// Another process that has a data folder or a database in use: node open-database.ts lock|open PATH. It says `ready`, and
// stays until it is ended.
import { DatabaseSync } from 'node:sqlite';
import { lockFolder } from '../../storage/folder-lock.ts';

const [what, path] = process.argv.slice(2) as ['lock' | 'open', string];
if (what === 'lock') lockFolder(path);
else new DatabaseSync(path).prepare('SELECT count(*) FROM sqlite_schema').get();
process.stdout.write('ready\n');
setInterval(() => undefined, 1000);
