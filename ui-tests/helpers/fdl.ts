import type { Locator, Page } from '@playwright/test';

import { expect } from './fixtures';
import type { ILab } from './panel';

/** Run a command of JupyterLab. */
export const execute = (page: Page, id: string, args: object = {}): Promise<unknown> =>
  page.evaluate(
    async ([command, options]) => {
      await (window as unknown as ILab).jupyterapp.commands.execute(command as string, options as object);
    },
    [id, args]
  );

/** Write an FDL file and open it as text. */
export async function open(page: Page, path: string, text: string): Promise<Locator> {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  if (folder) {
    await page.request.put(`api/contents/${folder}`, { data: { type: 'directory' } });
  }
  await page.request.put(`api/contents/${path}`, { data: { type: 'file', format: 'text', content: text } });
  await execute(page, 'docmanager:open', { path });
  const editor = page.locator('.jp-FileEditor .cm-editor.jp-OscarFdl:visible');
  await expect(editor).toBeVisible();
  return editor;
}

/** The text of an open file, through the shared document. */
export const textOf = (page: Page, path: string): Promise<string> =>
  page.evaluate(name => {
    const { shell } = (window as unknown as ILab).jupyterapp;
    const widgets = [...shell.widgets('main')] as unknown as {
      context?: { path: string; model: { sharedModel: { source: string } } };
    }[];
    return widgets.find(widget => widget.context?.path === name)?.context?.model.sharedModel.source ?? '';
  }, path);

/** Change JupyterLab's theme. */
export const theme = (page: Page, name: string): Promise<unknown> =>
  execute(page, 'apputils:change-theme', { theme: name });

export const SCRIPT = '#!/bin/sh\ncat "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/out.txt"\n';

/** A file without a problem but its script. */
export const GOOD = `# made by a test
functions:
  oscar:
  - local:
      name: fdl-echo # the name
      image: python:3.12-slim
      cpu: '0.5'
      memory: 256Mi
      script: script.sh
      input:
      - storage_provider: minio.default
        path: fdl-echo/in
      output:
      - storage_provider: minio.default
        path: fdl-echo/out
      annotations:
        jupyterlab-oscar/runtime: process
`;
