/**
 * Jobs of the embedded cluster against what the machine can do without it.
 *
 * - create: POST /system/services until 201;
 * - put → output: a file put into the input folder until its output can be read, against `sh script` and two copies of the file;
 * - 1,000 files at once, until all outputs are there, against `xargs -P` running the same script (50 ms of CPU, and empty);
 * - the CPU that a job costs besides its script: user and system time of the cluster and all its children.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveCluster, emit, median, ms, processTreeCpu, spread } from './lib/cluster.mjs';

const FILES = Number(process.env.BENCH_FILES ?? 1000);
const CPUS = availableParallelism();
const folder = mkdtempSync(join(tmpdir(), 'oscar-bench-'));
const cluster = await serveCluster({ cpus: CPUS, memory: 4 * 2 ** 30 });

/** A loop of the shell that takes about 50 ms of CPU here. */
function calibrate() {
  const took = count => {
    const began = process.hrtime.bigint();
    spawnSync('sh', ['-c', `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); done`]);
    return ms(began);
  };
  const idle = median([0, 0, 0, 0, 0].map(() => took(0)));
  const full = median([0, 0, 0].map(() => took(100000)));
  return Math.max(1000, Math.round((100000 * 50) / (full - idle)));
}

const copy = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"';
const scripts = { empty: copy, busy: `i=0; while [ $i -lt ${calibrate()} ]; do i=$((i+1)); done\n${copy}` };

// Create -------------------------------------------------------------------------------------------------------------------
const creates = [];
for (let round = 0; round < 15; round++) {
  const began = process.hrtime.bigint();
  await cluster.create(`create${round}`, copy);
  creates.push(ms(began));
}
emit({
  name: 'service create (ms)',
  against: 'aim',
  ours: median(creates),
  theirs: 20,
  ratio: median(creates) / 20,
  runs: creates.length,
  spread: spread(creates),
  aim: '≤ 20 ms',
  met: median(creates) <= 20
});

// One file -------------------------------------------------------------------------------------------------------------------
await cluster.create('one', copy, { cpu: '0.1' });
const content = Buffer.alloc(4096, 'x');
writeFileSync(join(folder, 'script.sh'), copy);
const ours = [];
const theirs = [];
for (let round = 0; round < 41; round++) {
  let began = process.hrtime.bigint();
  await cluster.put('one', `in/f${round}`, content);
  await cluster.until('one', `out/f${round}`);
  ours.push(ms(began));
  began = process.hrtime.bigint();
  mkdirSync(join(folder, 'o'), { recursive: true });
  writeFileSync(join(folder, 'source'), content);
  copyFileSync(join(folder, 'source'), join(folder, 'in'));
  spawnSync('sh', [join(folder, 'script.sh')], {
    env: { ...process.env, INPUT_FILE_PATH: join(folder, 'in'), TMP_OUTPUT_DIR: join(folder, 'o') }
  });
  copyFileSync(join(folder, 'o', 'in'), join(folder, 'out'));
  theirs.push(ms(began));
}
const added = median(ours.slice(1)) - median(theirs.slice(1));
emit({
  name: 'put → output visible (ms)',
  against: 'sh script and two copies',
  ours: median(ours.slice(1)),
  theirs: median(theirs.slice(1)),
  ratio: median(ours.slice(1)) / median(theirs.slice(1)),
  runs: 40,
  spread: spread(ours.slice(1)),
  aim: '+ ≤ 60 ms p50',
  met: added <= 60
});

// 1,000 files -----------------------------------------------------------------------------------------------------------------
for (const [kind, script] of Object.entries(scripts)) {
  const name = `many-${kind}`;
  await cluster.create(name, script, { cpu: '1', memory: '256Mi' });
  const cpuBefore = processTreeCpu(cluster.pid);
  let began = process.hrtime.bigint();
  await cluster.putMany(name, FILES, content);
  await cluster.untilCount(name, 'out/', FILES);
  const wall = ms(began);
  const cpu = processTreeCpu(cluster.pid) - cpuBefore;

  const bare = join(folder, name);
  mkdirSync(join(bare, 'in'), { recursive: true });
  mkdirSync(join(bare, 'out'));
  for (let index = 0; index < FILES; index++) {
    writeFileSync(join(bare, 'in', `f${index}`), content);
  }
  writeFileSync(join(bare, 'script.sh'), script);
  const xargs = `ls in | xargs -P ${CPUS} -I{} env INPUT_FILE_PATH=in/{} TMP_OUTPUT_DIR=out sh script.sh`;
  began = process.hrtime.bigint();
  execFileSync('sh', ['-c', `cd "${bare}" && ${xargs}; times`], { stdio: 'ignore' });
  const bareWall = ms(began);
  const bareCpu =
    Number(
      execFileSync('sh', ['-c', `cd "${bare}" && ${xargs}; cat /proc/$$/stat`], { encoding: 'utf8' })
        .replace(/^.*\) /s, '')
        .split(' ')
        .slice(13, 15)
        .reduce((sum, ticks) => sum + Number(ticks), 0)
    ) * 10;
  emit({
    name: `${FILES} files, ${kind} script (s)`,
    against: `xargs -P ${CPUS}`,
    ours: wall / 1000,
    theirs: bareWall / 1000,
    ratio: wall / bareWall,
    runs: 1,
    spread: '',
    aim: kind === 'busy' ? '≤ 1.25×' : 'printed',
    met: kind === 'busy' ? wall / bareWall <= 1.25 : undefined
  });
  if (kind === 'empty') {
    const own = (cpu - bareCpu) / FILES;
    emit({
      name: 'own cost a job (ms CPU)',
      against: 'aim',
      ours: own,
      theirs: 15,
      ratio: own / 15,
      runs: FILES,
      spread: '',
      aim: '≤ 15 ms',
      met: own <= 15
    });
    await supervisor(wall);
  }
}

/** The real faas-supervisor, a process a file, as it runs in OSCAR's containers; needs its own environment. */
async function supervisor(wall) {
  const environment = join(folder, 'supervisor');
  const python = join(environment, 'bin', 'python');
  const uv = join(process.cwd(), '.venv', 'bin', 'uv');
  const install = (...packages) =>
    spawnSync(uv, ['pip', 'install', '-q', '--python', python, ...packages]).status === 0;
  // Its own requirement of webdavclient3 has a typing error in it, so its packages are named here.
  const made =
    existsSync(uv) &&
    spawnSync(uv, ['venv', '-q', environment]).status === 0 &&
    install('--no-deps', 'faas-supervisor==1.5.8') &&
    install('boto3', 'pyyaml', 'requests', 'setuptools<80', 'webdavclient3');
  if (!made) {
    console.error('faas-supervisor could not be installed: its row is left out.');
    return;
  }
  const count = Math.min(FILES, 60);
  const bare = join(folder, 'supervised');
  mkdirSync(bare);
  const config = Buffer.from(['name: s', 'input: []', 'output: []', 'log_level: CRITICAL', ''].join('\n')).toString(
    'base64'
  );
  const body = Buffer.from('x'.repeat(4096)).toString('base64');
  writeFileSync(join(bare, 'event'), body);
  const script = Buffer.from(copy).toString('base64');
  const began = process.hrtime.bigint();
  const { status, stderr } = spawnSync(
    'sh',
    [
      '-c',
      `seq ${count} | xargs -P ${CPUS} -I{} sh -c '"${python}" -m faassupervisor.supervisor < event > out.{} 2> err.{}'`
    ],
    {
      cwd: bare,
      encoding: 'utf8',
      env: {
        ...process.env,
        FUNCTION_CONFIG: config,
        SCRIPT: script,
        SUPERVISOR_TYPE: 'OSCAR',
        AWS_LAMBDA_FUNCTION_NAME: ''
      }
    }
  );
  const produced = existsSync(join(bare, 'out.1')) && readFileSync(join(bare, 'out.1'), 'utf8').length > 0;
  if (status !== 0 || !produced) {
    console.error(
      `faas-supervisor did not run here, its row is left out: ${stderr}${existsSync(join(bare, 'err.1')) ? readFileSync(join(bare, 'err.1'), 'utf8').slice(-400) : ''}`
    );
    return;
  }
  const each = ms(began) / count;
  emit({
    name: 'a job with an empty script (ms)',
    against: `faas-supervisor 1.5.8 under xargs -P ${CPUS}`,
    ours: wall / FILES,
    theirs: each,
    ratio: each / (wall / FILES),
    runs: count,
    spread: '',
    aim: '≥ 5× the supervisor',
    met: each / (wall / FILES) >= 5
  });
}

await cluster.stop();
rmSync(folder, { recursive: true, force: true });
