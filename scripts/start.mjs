/** `npm start [-- jupyter-lab options]`: set-up when needed, then JupyterLab on a copy of the examples. */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { workFolder } from './lib/examples.mjs';
import { bin, venv } from './lib/project.mjs';
import { main } from './lib/run.mjs';
import { setup } from './setup.mjs';

await main(async () => {
  await setup();
  const folder = await workFolder();
  const options = process.argv.slice(2);
  const given = name => options.some(option => option === name || option.startsWith(`${name}=`));
  if (process.getuid?.() === 0 && !given('--allow-root')) {
    console.log('Running as root: adding --allow-root.');
    options.push('--allow-root');
  }
  if (!given('--ServerApp.root_dir') && !given('--notebook-dir')) {
    options.push(`--ServerApp.root_dir=${folder}`);
  }
  const child = spawn(bin('jupyter'), ['lab', ...options], {
    stdio: 'inherit',
    env: { ...process.env, VIRTUAL_ENV: venv, PATH: `${join(venv, 'bin')}${delimiter}${process.env.PATH}` }
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise(resolve => child.on('close', code => resolve(code ?? 0)));
});
