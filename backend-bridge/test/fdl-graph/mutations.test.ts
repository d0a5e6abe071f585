import { parseFdl } from '../../src/fdl';
import { editGraph, graphOf, type GraphAction, type IFdlGraph } from '../../src/fdl/graph';
import { SAMPLES } from './samples';

/** A small generator of numbers from 0 to 1 that can be started again (mulberry32). */
function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const comments = (text: string): string[] =>
  text
    .match(/(?:^|\s)#[^\n\r]*/g)
    ?.map(part => part.trim())
    .sort() ?? [];

/** A file with clusters only is no error of the canvas. */
const errors = (text: string) =>
  parseFdl(text).problems.filter(item => item.severity === 'error' && item.code !== 'no-functions');

function randomAction(graph: IFdlGraph, random: () => number, count: number): GraphAction {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const node = () => pick(graph.nodes)?.id ?? 'none';
  const clusters = ['local', 'edge', 'a.b', 'no', '1e3'];
  const paths = [
    'grey/in',
    'new/deep/er',
    `b${count}/in`,
    "it's/x",
    'true/false',
    '1.0/2',
    'a: b/c',
    'ünï/in',
    'x/#y',
    'bare'
  ];
  const providers = ['minio.default', 's3', 'minio', 's3.mine', 'onedata.x'];
  const end = () => (random() < 0.5 ? { node: node() } : { provider: pick(providers), path: pick(paths) });
  switch (Math.floor(random() * 8)) {
    case 0:
      return {
        type: 'add-service',
        name: `s${count}`,
        image: pick(['a:b', 'yes', '1.5', "q'", 'x#y']),
        script: 'é.sh',
        cluster: pick(clusters)
      };
    case 1:
      return {
        type: 'add-function',
        name: `f${count}`,
        image: 'x',
        script: pick(['-', '[a', '{b', '&c', '*d', '!e', '@f', '`g', '% h', '"i'])
      };
    case 2:
      return { type: 'add-cluster', name: pick(clusters), endpoint: 'https://x.example.org' };
    case 3:
    case 4:
      return { type: 'connect', from: end(), to: end() };
    case 5:
      return random() < 0.5
        ? { type: 'remove', node: node() }
        : { type: 'disconnect', edge: pick(graph.edges)?.id ?? 'none' };
    case 6:
      return { type: 'rename', node: node(), name: random() < 0.5 ? `n${count}` : pick(paths) };
    default:
      return { type: 'move', node: node(), cluster: pick(clusters) };
  }
}

test.each(SAMPLES)('random work on the canvas leaves a good text behind: %s', (_, sample) => {
  const random = randomFrom(7);
  let done = 0;
  for (let round = 0; round < 12; round++) {
    let text = sample;
    for (let count = 0; count < 25; count++) {
      const graph = graphOf(parseFdl(text).document);
      const action = randomAction(graph, random, count);
      const result = editGraph(text, action);
      if (result.refused !== undefined) {
        expect(result.text).toBe(text);
        expect(result.refused).toMatch(/\.$/);
        continue;
      }
      done++;
      const why = `${JSON.stringify(action)}\n${text}\n----\n${result.text}`;
      // What lies outside of the edits is the same to the byte, whatever the text was.
      let check = text;
      for (const { from, to, insert } of result.edits) {
        check = check.slice(0, from) + insert + check.slice(to);
      }
      expect([why, check]).toEqual([why, result.text]);
      expect([why, errors(result.text)]).toEqual([why, []]);
      if (action.type !== 'remove' && action.type !== 'disconnect') {
        const kept = comments(result.text);
        const lost = comments(text).filter(comment => !kept.includes(comment));
        expect([why, lost]).toEqual([why, []]);
        expect(result.text.split('\n').length).toBeGreaterThanOrEqual(text.split('\n').length - 1);
      }
      if (result.node !== undefined && action.type.startsWith('add')) {
        expect(graphOf(parseFdl(result.text).document).nodes.map(node => node.id)).toContain(result.node);
      }
      if (result.text.includes('\r\n')) {
        expect(result.text.replace(/\r\n/g, '')).not.toContain('\n');
      }
      text = result.text;
    }
  }
  expect(done).toBeGreaterThan(60);
});

test('a file of 2,000 lines takes an action in a moment', () => {
  const service = (index: number) => `  - local:
      name: s${index}
      image: busybox
      script: s.sh
      # note ${index}
      input:
      - storage_provider: minio.default
        path: s${index}/in
      output:
      - storage_provider: minio.default
        path: s${index + 1}/in
`;
  const text = `functions:\n  oscar:\n${Array.from({ length: 180 }, (_, index) => service(index)).join('')}`;
  expect(text.split('\n').length).toBeGreaterThan(1980);
  const started = performance.now();
  const result = editGraph(text, { type: 'remove', node: 'service:local/s90' });
  expect(result.refused).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(1500);
});
