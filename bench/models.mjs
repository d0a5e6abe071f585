/**
 * One model (sentence embeddings of the example *embed*) called in three ways: as a cold job for each file, synchronously, and
 * as an exposed service that has loaded its weights once. Prints requests per second.
 */
import { readFileSync } from 'node:fs';
import { emit, ms, serveCluster } from './lib/cluster.mjs';

const example = file => readFileSync(new URL(`../examples/services/embed/${file}`, import.meta.url), 'utf8');
const REQUIREMENTS = {
  'jupyterlab-oscar/requirements': example('requirements.txt'),
  'jupyterlab-oscar/runtime': 'process'
};
// As a job the same program is started, asked once and ended: its weights are loaded for each file.
const ONCE = `echo ${Buffer.from(example('script.sh')).toString('base64')} | base64 -d > "$TMP_INPUT_DIR/server.sh"
export PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export OSCAR_EXPOSED_PORT=$PORT
sh "$TMP_INPUT_DIR/server.sh" > /dev/null 2>&1 &
python3 - <<'END'
import os, pathlib, time, urllib.request

base = f"http://127.0.0.1:{os.environ['PORT']}"
deadline = time.monotonic() + 120
while True:
    try:
        urllib.request.urlopen(base + "/health", timeout=5)
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.02)
source = pathlib.Path(os.environ["INPUT_FILE_PATH"])
answer = urllib.request.urlopen(base + "/embed", source.read_bytes(), timeout=60).read()
(pathlib.Path(os.environ["TMP_OUTPUT_DIR"]) / source.name).write_bytes(answer)
END
status=$?
kill %1 2>/dev/null
exit $status
`;
const cluster = await serveCluster({ python: new URL('../.venv/bin/python', import.meta.url).pathname });
const text = index => JSON.stringify({ texts: [`Sentence number ${index} about clouds and containers.`] });

async function ready(name) {
  for (const began = Date.now(); ;) {
    const { body } = await cluster.call('GET', `/system/services/${name}/deployment`);
    const { state, reason } = JSON.parse(body);
    if (state === 'ready' || (state === 'unavailable' && !/prepar/i.test(reason ?? ''))) {
      return JSON.parse((await cluster.call('GET', `/system/services/${name}`)).body);
    }
    if (state === 'failed' || Date.now() - began > 600_000) {
      throw new Error(`${name}: ${state}: ${reason}`);
    }
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

async function rate(count, work) {
  await work(0);
  const began = process.hrtime.bigint();
  for (let index = 1; index <= count; index++) {
    await work(index);
  }
  return count / (ms(began) / 1000);
}

await cluster.create('embedjob', ONCE, { cpu: '1', memory: '1Gi', annotations: REQUIREMENTS });
const job = await ready('embedjob');
const perJob = await rate(5, async index => {
  await cluster.put('embedjob', `in/${index}.json`, text(index));
  await cluster.until('embedjob', `out/${index}.json`);
});
const perRun = await rate(5, async index => {
  const answer = await cluster.call('POST', '/run/embedjob', text(index), { authorization: `Bearer ${job.token}` });
  if (answer.status !== 200) {
    throw new Error(`${answer.status}: ${answer.body}`);
  }
});

await cluster.create('embed', example('script.sh'), {
  cpu: '1',
  memory: '1Gi',
  annotations: REQUIREMENTS,
  input: [],
  output: [],
  expose: {
    min_scale: 1,
    max_scale: 1,
    cpu_threshold: 80,
    api_port: [8080],
    rewrite_target: false,
    default_command: false,
    set_auth: false,
    health_path: '/health'
  }
});
await ready('embed');
const perExposed = await rate(200, async index => {
  const answer = await cluster.call('POST', '/system/services/embed/exposed/embed', text(index));
  if (answer.status !== 200) {
    throw new Error(`${answer.status}: ${answer.body}`);
  }
});

emit({
  name: 'model: exposed (requests/s)',
  against: 'cold job',
  ours: perExposed,
  theirs: perJob,
  ratio: perExposed / perJob,
  runs: 200,
  spread: '',
  aim: '≥ 10×',
  met: perExposed / perJob >= 10
});
emit({
  name: 'model: synchronous (requests/s)',
  against: 'cold job',
  ours: perRun,
  theirs: perJob,
  ratio: perRun / perJob,
  runs: 5,
  spread: '',
  aim: 'printed'
});
emit({
  name: 'model: exposed (requests/s)',
  against: 'synchronous',
  ours: perExposed,
  theirs: perRun,
  ratio: perExposed / perRun,
  runs: 200,
  spread: '',
  aim: 'printed'
});
await cluster.stop();
