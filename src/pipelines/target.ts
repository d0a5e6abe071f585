import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';

import type { PipelineProblem, PipelineSource } from '../contract';
import { serverPath } from '../drive/files';
import { isPipeline } from './constants';
import { PipelineContent } from './widget';

/** A pipeline file that a command works on: open in our editor, in Elyra's, in another, or not at all. */
export interface IPipelineTarget {
  path: string;
  name: string;
  context?: DocumentRegistry.Context;
  /** Our editor of it, where problems are shown. */
  editor?: PipelineContent;
}

/** The pipeline of the arguments, of the view in front, or of the selection in the file browser. */
export function findPipeline(options: {
  app: JupyterFrontEnd;
  path?: string;
  selected?: Iterable<{ path: string }>;
}): IPipelineTarget | undefined {
  const { app, selected } = options;
  const front = app.shell.currentWidget;
  let path = options.path;
  if (path === undefined && front instanceof DocumentWidget && isPipeline(front.context.path)) {
    path = front.context.path;
  }
  path ??= [...(selected ?? [])].find(item => isPipeline(item.path))?.path;
  if (path === undefined) {
    return undefined;
  }
  const open = [...app.shell.widgets('main')].filter(
    (widget): widget is IDocumentWidget => widget instanceof DocumentWidget && widget.context.path === path
  );
  const editor = open.map(widget => widget.content).find(content => content instanceof PipelineContent);
  return {
    path,
    name: PathExt.basename(path),
    context: open[0]?.context,
    ...(editor instanceof PipelineContent ? { editor } : {})
  };
}

/** The pipeline as it is on the screen. */
export function textSource(target: IPipelineTarget, contents: Contents.IManager): PipelineSource {
  if (!target.context) {
    return fileSource(target, contents);
  }
  return {
    text: target.context.model.toString(),
    name: target.name,
    base: { contents: serverPath(contents, PathExt.dirname(target.path)) }
  };
}

/** The pipeline as it is on the disk; what is on the screen is saved first, so that both are the same. */
export async function savedSource(target: IPipelineTarget, contents: Contents.IManager): Promise<PipelineSource> {
  const { context } = target;
  if (context && (context.model.dirty || !(await isOnDisk(context, contents)))) {
    await context.save();
  }
  return fileSource(target, contents);
}

/** JupyterLab 4.6 does not take what Elyra 4.1 changes for unsaved, so that `dirty` alone would run what was there before. */
async function isOnDisk(context: DocumentRegistry.Context, contents: Contents.IManager): Promise<boolean> {
  const file = await contents.get(context.path, { type: 'file', format: 'text' });
  return file.content === context.model.toString();
}

function fileSource(target: IPipelineTarget, contents: Contents.IManager): PipelineSource {
  return { file: { contents: serverPath(contents, target.path) } };
}

/** Say what a check found on the nodes, where the pipeline is open in our editor. */
export function showProblems(target: IPipelineTarget, problems: readonly PipelineProblem[]): void {
  target.editor?.showProblems(problems);
}
