import { BASICS } from './runner-basics';
import { CALLS } from './runner-calls';
import { CLAIM } from './runner-claim';
import { MAIN } from './runner-main';
import { NOTEBOOK } from './runner-notebook';
import { STAGING } from './runner-staging';
import { STORAGE } from './runner-storage';
import { WORK } from './runner-work';

/**
 * The Python program in the script of each node: one source for all kinds. Usage: `python3 run.py FOLDER`, where FOLDER has
 * `node.json` (INodeConfig) and, unless the code lies in a bucket, `code.b64`.
 */
export const RUNNER = BASICS + STORAGE + STAGING + CLAIM + WORK + NOTEBOOK + CALLS + MAIN;
