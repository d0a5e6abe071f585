import { PathExt } from '@jupyterlab/coreutils';

/** Names of FDL files: `fdl.yaml`, `x.fdl.yml`, `x-fdl.yaml`, `x.fdl`. */
export const FDL_PATTERN = '^(?:(?:.+[.-])?fdl[.]ya?ml|.+[.]fdl)$';

const NAME = new RegExp(FDL_PATTERN);
const YAML = /\.ya?ml$/i;
/** What is looked at to tell what a file is. */
const HEAD = 20000;

export function isFdlPath(path: string): boolean {
  return NAME.test(PathExt.basename(path));
}

/** True for YAML with `functions:` and below it `oscar:` or `aws:`, whatever the file is called. */
export function looksLikeFdl(text: string): boolean {
  const head = text.slice(0, HEAD);
  return (
    /^functions:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*[ \t]+(?:oscar|aws):/m.test(head) ||
    /^functions:[ \t]*\{[ \t\r\n]*["']?(?:oscar|aws)["']?[ \t]*:/m.test(head)
  );
}

/** Whether a file gets the support of FDL: by its name, or a YAML file by what is in it. */
export function isFdl(path: string, text: string): boolean {
  return isFdlPath(path) || (YAML.test(path) && looksLikeFdl(text));
}
