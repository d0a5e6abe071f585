import { LabIcon } from '@jupyterlab/ui-components';

/** Pictures of the editor's toolbar that JupyterLab has none for; the toolbar's settings name them. */

const icon = (name: string, body: string): LabIcon =>
  new LabIcon({
    name: `jupyterlab-oscar:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">${body}</g></svg>`
  });

export const commentIcon = icon(
  'comment',
  '<path d="M20 3H4a2 2 0 0 0-2 2v16l4-4h14a2 2 0 0 0 2-2V5a2 2 0 0 0-2-2Zm0 12H5.200L4 16.200V5h16ZM7 9h10V7H7Zm0 4h7v-2H7Z"/>'
);

export const fitIcon = icon(
  'fit',
  '<path d="M3 9h2V5h4V3H3Zm12-6v2h4v4h2V3ZM5 15H3v6h6v-2H5Zm14 4h-4v2h6v-6h-2ZM8 8v8h8V8Zm6 6h-4v-4h4Z"/>'
);
