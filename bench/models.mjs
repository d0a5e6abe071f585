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
const ONCE = example('once.sh');
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
    api_port: [8000],
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
