import type { ReadonlyJSONObject } from '@lumino/coreutils';

/** Ids of the commands about FDL files. Labels are given where they are registered. */
export namespace FdlCommandIDs {
  export const graph = 'jupyterlab-oscar:fdl-graph';
  export const check = 'jupyterlab-oscar:fdl-check';
  export const fixAll = 'jupyterlab-oscar:fdl-fix-all';
  export const format = 'jupyterlab-oscar:fdl-format';
  export const rename = 'jupyterlab-oscar:fdl-rename-service';
  export const convert = 'jupyterlab-oscar:fdl-convert-version';
  export const openLink = 'jupyterlab-oscar:fdl-open-script';
  export const complete = 'jupyterlab-oscar:fdl-complete';
}

const path = { type: 'string', description: 'FDL file in the file browser. Default: the one in front.' };

const object = (properties: ReadonlyJSONObject): ReadonlyJSONObject => ({ type: 'object', properties });

/** JSON schemas of the arguments. */
export const FDL_ARGS = {
  none: object({}),
  file: object({ path }),
  rename: object({ path, from: { type: 'string' }, to: { type: 'string' } }),
  convert: object({
    path,
    version: {
      oneOf: ['3.x', '4.0', '4.1'].map(version => ({ const: version, title: version }))
    }
  })
};
