import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImTemplate, Problem } from '../../contract';
import { BridgeError, HttpClient, remoteFailure } from '../../http';
import { noSuch, problemOf } from '../problems';
import { formOf } from './form';
import {
  at,
  isTree,
  LARGEST_TEMPLATE,
  makesOscar,
  parseTemplate,
  treeAt,
  type IParsedTemplate,
  type ITemplateText
} from './parse';

/** How long a copy is believed. Milliseconds. */
const FRESH = 24 * 3600_000;
/** After a failed try the copy is used without another one for so long. */
const AGAIN = 5 * 60_000;
/** The same where there is no copy: somebody may be waiting for the network. */
const AGAIN_WITHOUT = 20_000;
const MOST_FILES = 200;
const AT_ONCE = 6;
const FILE = /^[\w][\w.-]*\.(ya?ml|radl)$/i;
const EXPERIMENTAL: Record<string, string> = {
  'oscar_elastic.yaml':
    'Its workers have another Kubernetes version than the front end, and it needs credentials that outlive your token.'
};

export interface ICatalogueOptions {
  /** Folder of the templates that come with the package; null: there are none. */
  own: string | null;
  /** Folder for copies. */
  cache: string;
  /** Address or folder, asked for on each use. */
  place: () => string;
  log?: (line: string) => void;
}

interface ISet {
  at: number;
  items: ITemplateText[];
}

/** Templates of the package, and those of a public repository or a folder; copies make it work without a network. */
export class Catalogue {
  constructor(private readonly _options: ICatalogueOptions) {}

  /** All templates that stand on their own, ours first. A catalogue that cannot be read is a problem, not an error. */
  async list(): Promise<{ items: ImTemplate[]; problem?: Problem }> {
    const own = await this._own();
    let others: ITemplateText[] = [];
    let problem: Problem | undefined;
    try {
      others = await this._others();
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      problem = problemOf(error);
    }
    const all = [...own.map(item => view(item, 'package')), ...others.map(item => view(item, 'catalogue'))];
    const items = all.filter(item => item !== undefined && !item.child).map(item => (item as IView).template);
    problem ??= this._problem;
    return { items, ...(problem ? { problem } : {}) };
  }

  /** @throws BridgeError `not-found` with the names there are */
  async get(id: string): Promise<ITemplateText & { source: ImTemplate['source'] }> {
    const own = (await this._own()).find(item => item.name === id);
    if (own) {
      return { ...own, source: 'package' };
    }
    const others = await this._others();
    const found = others.find(item => item.name === id) ?? others.find(item => item.name.replace(/\.\w+$/, '') === id);
    if (!found) {
      throw noSuch('template', id, 'The list of templates is at `infrastructure templates`.');
    }
    return { ...found, source: 'catalogue' };
  }

  private async _own(): Promise<ITemplateText[]> {
    if (this._options.own === null) {
      return [];
    }
    try {
      const items = await readFolder(this._options.own);
      return items.map(item => ({ ...item, name: item.name.replace(/\.\w+$/, '') }));
    } catch (error) {
      this._options.log?.(`The templates of the package could not be read: ${String(error)}`);
      return [];
    }
  }

  private async _others(): Promise<ITemplateText[]> {
    const place = this._options.place();
    if (!/^https?:\/\//i.test(place)) {
      try {
        return await readFolder(place);
      } catch (error) {
        throw new BridgeError({
          type: 'not-found',
          title: 'No catalogue of templates',
          status: 404,
          detail: `The folder ${place} cannot be read.`,
          cause: String(error),
          action: 'Set another folder or address for the templates.'
        });
      }
    }
    const folder = join(this._options.cache, createHash('sha256').update(place).digest('hex').slice(0, 16));
    const kept = await readCache(folder);
    if (
      kept &&
      (Date.now() - kept.at < FRESH || (this._failed?.place === place && Date.now() - this._failed.at < AGAIN))
    ) {
      return kept.items;
    }
    if (kept === undefined && this._failed?.place === place && Date.now() - this._failed.at < AGAIN_WITHOUT) {
      throw this._failed.error;
    }
    this._reading ??= this._read(place, folder, kept).finally(() => (this._reading = undefined));
    return this._reading;
  }

  private async _read(place: string, folder: string, kept: ISet | undefined): Promise<ITemplateText[]> {
    try {
      const items = await download(place);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, 'catalogue.json'), JSON.stringify({ at: Date.now(), items }), { mode: 0o600 });
      this._failed = undefined;
      this._problem = undefined;
      return items;
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      this._failed = { place, at: Date.now(), error };
      if (kept === undefined) {
        throw error;
      }
      this._problem = { ...problemOf(error), title: 'The templates may be old' };
      return kept.items;
    }
  }

  private _reading: Promise<ITemplateText[]> | undefined;
  private _failed: { place: string; at: number; error: BridgeError } | undefined;
  private _problem: Problem | undefined;
}

interface IView {
  template: ImTemplate;
  /** It is put on top of others only. */
  child: boolean;
}

/** What the list shows of a template; undefined for a file that is none (a file of types, a workflow). */
function view(item: ITemplateText, source: ImTemplate['source']): IView | undefined {
  const parsed = parseTemplate(item);
  if (parsed.document && !isTree(at(parsed.tree, 'topology_template'))) {
    return undefined;
  }
  const parents = at(parsed.tree, 'metadata', 'parents');
  return { template: describeTemplate(parsed, item.name, source), child: Array.isArray(parents) && parents.length > 0 };
}

/** @param full - with the form */
export function describeTemplate(
  template: IParsedTemplate,
  name: string,
  source: ImTemplate['source'],
  full = false
): ImTemplate {
  const { tree, kind } = template;
  const metadata = treeAt(tree, 'metadata');
  const { tabs, problems } = full ? formOf(tree) : { tabs: undefined, problems: [] as string[] };
  const all = [...template.problems, ...problems];
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value.trim() ? value.trim() : undefined;
  const title = text(metadata['display_name']) ?? text(metadata['template_name']) ?? name;
  const description = text(tree['description']);
  const childs = Array.isArray(metadata['childs']) ? metadata['childs'] : [];
  return {
    id: name,
    title,
    ...(description === undefined ? {} : { description }),
    kind,
    source,
    oscar: makesOscar(tree),
    addons: childs
      .filter((child): child is string => typeof child === 'string' && FILE.test(child))
      .map(child => ({
        id: child,
        title: titleOf(child),
        ...(EXPERIMENTAL[child] === undefined ? {} : { experimental: EXPERIMENTAL[child] })
      })),
    ...(tabs ? { tabs } : {}),
    ...(all.length > 0 ? { problems: all } : {})
  };
}

function titleOf(file: string): string {
  const words = file.replace(/\.\w+$/, '').replace(/[_-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

async function readFolder(folder: string): Promise<ITemplateText[]> {
  const names = (await readdir(folder)).filter(name => FILE.test(name)).sort();
  const items: ITemplateText[] = [];
  for (const name of names.slice(0, MOST_FILES)) {
    const path = join(folder, name);
    const info = await stat(path);
    if (info.isFile() && info.size <= LARGEST_TEMPLATE) {
      items.push({ name, text: await readFile(path, 'utf8') });
    }
  }
  return items;
}

async function readCache(folder: string): Promise<ISet | undefined> {
  try {
    const value = JSON.parse(await readFile(join(folder, 'catalogue.json'), 'utf8')) as Partial<ISet>;
    const items = Array.isArray(value.items)
      ? value.items.filter(item => typeof item?.text === 'string' && typeof item.name === 'string')
      : [];
    return items.length > 0 ? { at: Number(value.at) || 0, items } : undefined;
  } catch {
    // No copy, or half of one: it is read again.
    return undefined;
  }
}

/** `https://github.com/OWNER/NAME[/tree/BRANCH/FOLDER]` as the address that lists that folder; any other one lists by itself. */
export function listAddress(place: string): string {
  const match = /^https:\/\/github\.com\/([\w.-]+)\/([\w.-]+?)(?:\.git)?(?:\/tree\/([^/]+)(?:\/(.*?))?)?\/?$/.exec(
    place
  );
  if (!match) {
    return place;
  }
  const [, owner, name, branch, folder = ''] = match;
  const path = folder.split('/').filter(Boolean).map(encodeURIComponent).join('/');
  return `https://api.github.com/repos/${owner}/${name}/contents/${path}${branch === undefined ? '' : `?ref=${encodeURIComponent(branch)}`}`;
}

async function download(place: string): Promise<ITemplateText[]> {
  const listed = JSON.parse(await getText(listAddress(place))) as unknown;
  const files = (Array.isArray(listed) ? (listed as unknown[]) : [])
    .map(entry => ({ name: at(entry, 'name'), url: at(entry, 'download_url') }))
    .filter(
      (entry): entry is { name: string; url: string } => typeof entry.name === 'string' && typeof entry.url === 'string'
    )
    .filter(entry => FILE.test(entry.name) && URL.canParse(entry.url, place) && entry.name !== 'custom_types.yaml')
    .slice(0, MOST_FILES);
  if (files.length === 0) {
    throw noTemplates(place, 'It lists no files that end in .yaml or .yml.');
  }
  const items: ITemplateText[] = [];
  for (let from = 0; from < files.length; from += AT_ONCE) {
    const part = files.slice(from, from + AT_ONCE);
    const texts = await Promise.all(part.map(({ url }) => getText(new URL(url, place).href)));
    items.push(...part.map(({ name }, index) => ({ name, text: texts[index] })));
  }
  return items;
}

async function getText(address: string): Promise<string> {
  const url = new URL(address);
  const who = `the catalogue of templates (${url.origin})`;
  const http = new HttpClient({ base: url.origin, who, timeout: 20_000 });
  try {
    const { status, body } = await http.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: { Accept: 'application/json, text/plain, */*' },
      limit: LARGEST_TEMPLATE
    });
    const text = body.toString('utf8');
    if (status !== 200) {
      throw remoteFailure({ who, what: 'give the templates', status, text: /^\s*</.test(text) ? undefined : text });
    }
    if (/^\s*</.test(text)) {
      throw noTemplates(address, 'It answered with a web page.');
    }
    return text;
  } finally {
    http.dispose();
  }
}

function noTemplates(place: string, cause: string): BridgeError {
  return new BridgeError({
    type: 'remote-error',
    title: 'No catalogue of templates',
    status: 502,
    detail: `${place} is no catalogue of templates.`,
    cause,
    action: 'Set the address of a folder on GitHub, of a list in its form, or a folder of this machine.'
  });
}
