import { test as plain } from '@playwright/test';

import { expect, test } from '../helpers/fixtures';
import type { ILab } from '../helpers/panel';
import { OscarPanel } from '../helpers/panel';
import { startServer } from '../helpers/server.cjs';

/** A page that tries all it can: the parent, cookies, the server of its own address. */
const HOSTILE = (origin: string): string => `<html><body><h1 id="seen">hostile</h1><script>
const say = (name, text) => document.body.insertAdjacentHTML('beforeend', '<p id="' + name + '">' + text + '</p>');
try { say('parent', 'reached ' + parent.document.title); } catch (reason) { say('parent', 'blocked'); }
try { say('cookie', document.cookie === '' ? 'blocked' : 'reached'); } catch (reason) { say('cookie', 'blocked'); }
fetch('${origin}/api/contents', { credentials: 'include' }).then(answer => answer.text()).then(() => say('fetch', 'reached'), () => say('fetch', 'blocked'));
new Promise((good, bad) => { const socket = new WebSocket('${origin.replace('http', 'ws')}/terminals/websocket/1'); socket.onopen = good; socket.onerror = bad; }).then(() => say('socket', 'reached'), () => say('socket', 'blocked'));
</script></body></html>`;

test('an HTML result cannot reach the Jupyter server', async ({ page, baseURL }) => {
  await page.goto('?reset');
  const panel = new OscarPanel(page);
  await panel.ready();
  // A service that gives back what it got, as a file.
  await page.contents.createDirectory('hostile');
  const fdl = [
    'functions:',
    '  oscar:',
    '  - local:',
    '      name: hostile',
    '      image: example/none',
    '      cpu: "0.1"',
    '      memory: 64Mi',
    '      script: script.sh',
    '      annotations: {jupyterlab-oscar/runtime: process}',
    '      input: [{storage_provider: minio.default, path: hostile/in}]',
    '      output: [{storage_provider: minio.default, path: hostile/out}]',
    ''
  ].join('\n');
  await page.contents.uploadContent(fdl, 'text', 'hostile/fdl.yaml');
  await page.contents.uploadContent(
    '#!/bin/sh\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n',
    'text',
    'hostile/script.sh'
  );
  await page.contents.uploadContent(HOSTILE(baseURL!), 'text', 'hostile/page.html');
  const run = (id: string, args: object): Promise<unknown> =>
    page.evaluate(
      ([id, args]) => void (window as unknown as ILab).jupyterapp.commands.execute(id as string, args as object),
      [id, args] as const
    );
  await run('jupyterlab-oscar:deploy-file', { path: 'hostile/fdl.yaml' });
  await page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(panel.service('hostile')).toHaveAttribute('data-oscar-state', 'ready', { timeout: 60000 });
  await run('jupyterlab-oscar:invoke-service', { cluster: 'local', service: 'hostile', paths: ['hostile/page.html'] });
  const frame = page.frameLocator('.jp-OscarFrame iframe');
  await expect(frame.locator('#seen')).toHaveText('hostile', { timeout: 60000 });
  for (const name of ['parent', 'cookie', 'fetch', 'socket']) {
    await expect(frame.locator(`#${name}`)).toHaveText('blocked');
  }
  // The file itself, opened in a tab of its own, has no origin either.
  const href = await page.locator('.jp-OscarFile-bar a').first().getAttribute('href');
  const answer = await page.request.get(href!);
  expect(answer.headers()['content-security-policy']).toMatch(/sandbox/);
  expect(answer.headers()['content-security-policy']).not.toMatch(/allow-same-origin/);
  expect(answer.headers()['x-content-type-options']).toBe('nosniff');
});

test('an exposed service cannot reach the Jupyter server', async ({ page, baseURL, context }) => {
  await page.goto('?reset');
  const panel = new OscarPanel(page);
  await panel.ready();
  const fdl = [
    'functions:',
    '  oscar:',
    '  - local:',
    '      name: lurker',
    '      image: example/none',
    '      cpu: "0.1"',
    '      memory: 128Mi',
    '      script: script.sh',
    '      annotations: {jupyterlab-oscar/runtime: process}',
    '      expose: {min_scale: 1, max_scale: 1, cpu_threshold: 80, api_port: [8731], rewrite_target: false, set_auth: true, default_command: false, health_path: /}',
    ''
  ].join('\n');
  const html = Buffer.from(HOSTILE(baseURL!)).toString('base64');
  const script = `#!/bin/sh\nmkdir -p www\necho ${html} | base64 -d > www/index.html\nexec python3 -m http.server $OSCAR_EXPOSED_PORT --bind 127.0.0.1 --directory www\n`;
  await page.contents.createDirectory('lurker');
  await page.contents.uploadContent(fdl, 'text', 'lurker/fdl.yaml');
  await page.contents.uploadContent(script, 'text', 'lurker/script.sh');
  await page.evaluate(
    () =>
      void (window as unknown as ILab).jupyterapp.commands.execute('jupyterlab-oscar:deploy-file', {
        path: 'lurker/fdl.yaml'
      })
  );
  await page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(panel.service('lurker')).toHaveAttribute('data-oscar-state', 'ready', { timeout: 60000 });
  const opened = context.waitForEvent('page');
  await panel.service('lurker').hover();
  await panel.root.getByRole('button', { name: 'Open lurker in a new tab' }).click();
  const tab = await opened;
  await expect(tab.locator('#seen')).toHaveText('hostile', { timeout: 30000 });
  for (const name of ['cookie', 'fetch', 'socket']) {
    await expect(tab.locator(`#${name}`)).toHaveText('blocked');
  }
  expect(await tab.evaluate(() => window.opener)).toBeNull();
});

plain('the story with a token, XSRF checks and a base URL as of a hub', async ({ page, context }) => {
  plain.slow();
  const token = 'a-token-that-only-the-test-knows';
  const server = await startServer('hub', {
    basePath: '/user/a%40b/',
    token,
    env: { OSCAR_UI_TOKEN: token },
    options: ['--ServerApp.base_url=/user/a%40b/']
  });
  try {
    const seen: string[] = [];
    page.on('request', request => seen.push(`${request.url()} ${request.postData() ?? ''}`));
    await page.goto(`${server.url}lab?reset&token=${token}`);
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    const panel = new OscarPanel(page);
    await panel.ready();
    await panel.deploy('cowsay', 'cowsay');
    await panel.service('cowsay').getByRole('button', { name: 'cowsay', exact: true }).click();
    await page.getByRole('textbox', { name: 'Or type the input' }).fill('behind a hub');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(page.getByRole('region', { name: 'Result' })).toContainText('behind a hub', { timeout: 60000 });

    const ours = seen.filter(call => call.includes('/jupyterlab-oscar/v1/'));
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.every(call => call.startsWith(server.url))).toBe(true);
    expect(ours.some(call => call.includes(token))).toBe(false);

    // With the cookie but without the XSRF token a call that changes something is refused.
    const address = `${server.url}jupyterlab-oscar/v1/clusters/local/services/cowsay?data=delete`;
    const forged = await context.request.delete(address, { headers: { Origin: 'https://evil.example' } });
    expect(forged.status()).toBeGreaterThanOrEqual(400);
    await expect(panel.service('cowsay')).toBeVisible();
    // Without a login nothing is answered.
    const stranger = await fetch(`${server.url}jupyterlab-oscar/v1/status`, { redirect: 'manual' });
    expect([302, 401, 403]).toContain(stranger.status);
  } finally {
    await server.stop();
  }
});
