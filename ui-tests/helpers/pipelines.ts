import * as path from 'node:path';

import type { Locator, Page } from '@playwright/test';

import { expect } from './fixtures';
import type { ILab } from './panel';
import { command, notebook, pipeline, script } from './pipeline';

/** A pipeline that really runs: numbers, their sum in a notebook, the last of them in a shell, a report of both. */
export const SUMS = pipeline({
  name: 'sums',
  parameters: [{ name: 'count', default_value: { type: 'Integer', value: 10 } }],
  nodes: [
    script('make', 'make.py', { at: [60, 120], outputs: ['numbers.txt'], pipeline_parameters: ['count'] }),
    notebook('sum', 'sum.ipynb', { at: [320, 40], outputs: ['sum.txt'], after: ['make'] }),
    command('last', 'tail -n 3 numbers.txt | tee last.txt', { at: [320, 200], outputs: ['last.txt'], after: ['make'] }),
    script('report', 'report.py', { at: [580, 120], outputs: ['report.md'], after: ['sum', 'last'] })
  ]
});

export const FILES: Record<string, string> = {
  'sums.pipeline': SUMS,
  'make.py':
    "import os\nn = int(os.environ['count'])\nopen('numbers.txt', 'w').write('\\n'.join(map(str, range(1, n + 1))) + '\\n')\n",
  'report.py':
    "total, last = open('sum.txt').read(), open('last.txt').read().split()\nopen('report.md', 'w').write(f'Sum {total}, last {last}')\n",
  'slow.pipeline': pipeline({
    name: 'slow',
    nodes: [
      command('sleeps', 'echo begun; sleep 300', { at: [60, 80] }),
      command('never', 'true', { at: [300, 80], after: ['sleeps'] })
    ]
  }),
  'wrong.py': "import sys\nprint('on purpose')\nsys.exit(3)\n",
  'wrong.pipeline': pipeline({
    name: 'wrong',
    nodes: [
      command('first', 'echo a > a.txt', { at: [60, 80], outputs: ['a.txt'] }),
      script('breaks', 'wrong.py', { at: [300, 80], after: ['first'] }),
      command('after', 'cat a.txt', { at: [540, 80], after: ['breaks'] })
    ]
  }),
  'sum.ipynb': JSON.stringify({
    cells: [
      {
        cell_type: 'code',
        execution_count: null,
        id: 'only',
        metadata: {},
        outputs: [],
        source:
          "total = sum(map(int, open('numbers.txt')))\nopen('sum.txt', 'w').write(str(total))\nprint('total', total)"
      }
    ],
    metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' } },
    nbformat: 4,
    nbformat_minor: 5
  })
};

export type Request = import('@playwright/test').APIRequestContext;

export async function put(request: Request, base: string, file: string, content: string): Promise<void> {
  const folder = path.posix.dirname(file);
  await request.put(`${base}/api/contents/${folder}`, { data: { type: 'directory' } });
  const answer = await request.put(`${base}/api/contents/${file}`, {
    data: { type: 'file', format: 'text', content }
  });
  expect(answer.ok()).toBe(true);
}

export async function get(request: Request, base: string, file: string): Promise<string> {
  const answer = await request.get(`${base}/api/contents/${file}?type=file&format=text`);
  return ((await answer.json()) as { content: string }).content;
}

export async function open(page: Page, file: string): Promise<void> {
  await page.evaluate(
    at => void (window as unknown as ILab).jupyterapp.commands.execute('docmanager:open', { path: at }),
    file
  );
  await expect(page.locator('.jp-OscarPipeline-host .d3-svg-canvas-div')).toBeVisible({ timeout: 60000 });
}

export async function start(
  page: Page,
  fill: (dialog: Locator) => Promise<void> = async () => undefined
): Promise<void> {
  await button(page, 'Run').click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(/Run .* on Local cluster\?/);
  await fill(dialog);
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(run(page)).toBeVisible({ timeout: 60000 });
}

export async function theme(page: Page, name: string): Promise<void> {
  await page.evaluate(
    wanted => (window as unknown as ILab).jupyterapp.commands.execute('apputils:change-theme', { theme: wanted }),
    name
  );
  await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
}

export async function save(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as ILab).jupyterapp.commands.execute('docmanager:save'));
  await expect(page.locator('.lm-DockPanel-tabBar .jp-mod-dirty')).toHaveCount(0);
}

/** Of the canvas's library, and of nothing else. */
export const CANVAS = /d3-svg-canvas-div|bx--text-input/;

/** What was loaded, by its address. */
export async function bodies(page: Page, urls: readonly string[]): Promise<Map<string, string>> {
  const scripts = [...new Set(urls)].filter(url => /\.js(\?|$)/.test(url));
  return new Map(
    await Promise.all(scripts.map(async url => [url, await (await page.request.get(url)).text()] as const))
  );
}

/** How parts of JupyterLab and plain HTML look: every computed property. */
export function looks(page: Page): Promise<unknown> {
  return page.evaluate(() => {
    if (!document.getElementById('oscar-probe')) {
      const probe = document.createElement('div');
      probe.id = 'oscar-probe';
      probe.style.cssText = 'position: absolute; width: 600px; left: -1000px; top: 0';
      probe.innerHTML =
        '<button class="jp-mod-styled">a</button><button class="jp-Button jp-mod-minimal">a</button><input class="jp-mod-styled" value="a"><input type="checkbox"><select class="jp-mod-styled"><option>a</select><textarea>a</textarea><a href="#">a</a><h1>a</h1><h3>a</h3><p>a</p><ul><li>a</ul><table><tr><th>a<td>a</table><pre>a</pre><code>a</code><label>a</label><fieldset><legend>a</legend></fieldset><svg width="9" height="9"><text>a</text><path d="M0 0"/></svg>';
      document.body.append(probe);
    }
    const SIZE = /^(block-size|height|perspective-origin|transform-origin):/;
    const elements = [
      document.documentElement,
      document.body,
      ...document.querySelectorAll(
        '#oscar-probe *, .lm-MenuBar-item, .jp-FileBrowser button, #jp-top-panel, .jp-DirListing-header'
      )
    ];
    return elements.map(element => {
      const style = getComputedStyle(element);
      return (
        [
          element.tagName,
          element.className.toString(),
          ...[...style].map(name => `${name}: ${style.getPropertyValue(name)}`)
        ]
          // FAST sets the theme's values on elements as they are first used, and a tooltip at the end of the page gives the page a height.
          .filter(line => !line.startsWith('--') && !(element.contains(document.body) && SIZE.test(line)))
      );
    });
  });
}

/** Of the words of an element against what is behind them (WCAG). */
export function contrast(item: Locator): Promise<number> {
  return item.evaluate(element => {
    const channels = (text: string): number[] => (text.match(/[\d.]+/g) ?? []).map(Number);
    const light = ([r, g, b]: number[]): number => {
      const [x, y, z] = [r, g, b].map(value => {
        const part = value / 255;
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    let behind: Element | null = element;
    let ground = channels(getComputedStyle(element).backgroundColor);
    while (behind && ground[3] === 0) {
      behind = behind.parentElement;
      ground = behind ? channels(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
    }
    const a = light(channels(getComputedStyle(element).color));
    const b = light(ground);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
}

export function nodes(page: Page): Locator {
  return page.locator('.jp-OscarPipeline-host .d3-node-group');
}

export function node(page: Page, id: string): Locator {
  return page.locator(`.jp-OscarPipeline-host .d3-node-group[data-id$="_${id}"]`);
}

export function run(page: Page): Locator {
  return page.locator('.jp-OscarRun');
}

export function step(page: Page, id: string): Locator {
  return page.locator(`.jp-OscarRunNode[data-oscar-node="${id}"]`);
}

export function button(page: Page, name: string): Locator {
  return page.locator('.jp-OscarPipelineDocument .jp-Toolbar').getByRole('button', { name, exact: true });
}

/** The files of these tests in the folder `work`, and a page that begins anew. */
export async function begin(page: Page, request: Request, base: string): Promise<void> {
  for (const [name, content] of Object.entries(FILES)) {
    await put(request, base, `work/${name}`, content);
  }
  await page.goto('?reset');
  await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
}
