import type { IPipelineNode } from '../model';
import { folderOf, joinPath } from '../values';
import type { FileIndex } from './files';
import type { Reporter } from './report';

const FILE = 'requirements.txt';
const KERNEL = ['ipykernel', 'nbclient'];

/** Text of requirements.txt of a node: of its folder, else of the pipeline's. For the embedded cluster, which makes an environment of it. */
export function requirementsOf(node: IPipelineNode, files: FileIndex, reporter: Reporter): string | undefined {
  if (node.kind !== 'notebook' && node.kind !== 'python' && node.kind !== 'command') {
    return undefined;
  }
  const folder = folderOf(node.filename ?? '');
  const own = joinPath(folder, FILE);
  const path = files.read(own) ? own : FILE;
  const data = files.read(path);
  if (data === undefined) {
    return undefined;
  }
  const text = new TextDecoder().decode(data).replace(/\r\n?/g, '\n');
  const names = new Set(
    text.split('\n').map(line => (/^[A-Za-z0-9._-]+/.exec(line.trim())?.[0] ?? '').toLowerCase().replace(/[._]+/g, '-'))
  );
  const whole = ['jupyter', 'jupyterlab', 'notebook', 'papermill'].some(name => names.has(name));
  const missing = node.kind === 'notebook' ? KERNEL.filter(name => !names.has(name) && !whole) : [];
  reporter.mapped(
    node,
    'requirements',
    `${path} is used where no image is${missing.length > 0 ? `; ${missing.join(' and ')} are added to run the notebook` : ''}.`
  );
  return missing.length === 0
    ? text
    : `${text.replace(/\n*$/, '\n')}# To run the notebook.\n${missing.map(name => `${name}\n`).join('')}`;
}
