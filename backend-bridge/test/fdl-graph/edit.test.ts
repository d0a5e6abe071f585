import { parseFdl } from '../../src/fdl';
import { renameService } from '../../src/fdl/editor';
import { editGraph, graphOf, type GraphAction } from '../../src/fdl/graph';
import { AWS, DEEP, FLOW, HYBRID, PLAIN, SAMPLES } from './samples';

const graph = (text: string) => graphOf(parseFdl(text).document);

function edit(text: string, action: GraphAction): string {
  const result = editGraph(text, action);
  expect(result.refused).toBeUndefined();
  const applied = result.edits.reduce((all, one) => all.slice(0, one.from) + one.insert + all.slice(one.to), text);
  expect(applied).toBe(result.text);
  expect(parseFdl(result.text).problems).toEqual([]);
  return result.text;
}

const refusal = (text: string, action: GraphAction): string => {
  const result = editGraph(text, action);
  expect(result.text).toBe(text);
  expect(result.edits).toEqual([]);
  return result.refused ?? '';
};

const ADD: GraphAction = { type: 'add-service', name: 'new', image: 'busybox', script: 'new.sh', cluster: 'local' };
const place = (path: string, provider = 'minio.default') => ({ provider, path });

test('adding a service only inserts lines, in the style of the file', () => {
  expect(edit(PLAIN, ADD)).toBe(
    PLAIN.replace(
      '# the end\n',
      `  - local:
      name: new
      image: busybox
      script: new.sh
      cpu: '0.5'
      memory: 512Mi
# the end
`
    )
  );
  expect(edit(DEEP, { ...ADD, cluster: 'edge' })).toContain(`
            - {type: oscar, cluster_id: edge, service_name: filter, priority: 0}
    - edge:
        name: new
`);
  expect(edit('', ADD)).toMatch(/^functions:\n {2}oscar:\n {2}- local:\n {6}name: new\n/);
  expect(edit('functions:\n  oscar: [] # none yet\n', ADD)).toMatch(
    /^functions:\n {2}oscar: # none yet\n {2}- local:\n/
  );
  expect(edit(FLOW, ADD)).toBe(
    FLOW.replace(']}}]}', "]}}, {local: {name: new, image: busybox, script: new.sh, cpu: '0.5', memory: 512Mi}}]}")
  );
});

test('connecting adds an input or an output', () => {
  const more = edit(PLAIN, { type: 'connect', from: place('photos/new'), to: { node: 'service:local/grey' } });
  expect(more).toBe(
    PLAIN.replace('# drop here\n', '# drop here\n      - storage_provider: minio.default\n        path: photos/new\n')
  );
  expect(edit(FLOW, { type: 'connect', from: { node: 'service:local/a' }, to: place('a/out') })).toContain(
    'path: a/in}], output: [{storage_provider: minio.default, path: a/out}]}}'
  );
  expect(
    edit(AWS, { type: 'connect', from: { node: 'function:detect' }, to: place('scar-video/found', 's3') })
  ).toContain('output: [{storage_provider: s3, path: scar-video/found}]');
});

test('a service that is connected to another one writes where that one reads', () => {
  const text = edit(edit(PLAIN, ADD), {
    type: 'connect',
    from: { node: 'service:local/read' },
    to: { node: 'service:local/new' }
  });
  const edges = graph(text).edges.map(edge => `${edge.from} > ${edge.to}`);
  expect(edges).toContain('place:minio.default:read/out > service:local/new');
});

test('disconnecting, and the list that is left', () => {
  const one = graph(PLAIN).edges.find(edge => edge.from === 'place:minio.default:grey/in')!;
  expect(edit(PLAIN, { type: 'disconnect', edge: one.id })).toBe(PLAIN.replace(/ {6}input:\n.*\n.*drop here\n/, ''));
  const first = graph(HYBRID).edges.find(edge => edge.to === 'place:minio.default:blur/out')!;
  expect(edit(HYBRID, { type: 'disconnect', edge: first.id })).toBe(
    HYBRID.replace('        - storage_provider: minio\n          path: blur/out\n', '')
  );
});

test('removing leaves the comments of others', () => {
  expect(edit(PLAIN, { type: 'remove', node: 'service:local/read' })).toBe(
    PLAIN.replace(/ {2}- local:\n {6}name: read[^]*(?=# the end)/, '')
  );
  expect(edit(PLAIN, { type: 'remove', node: 'place:minio.default:grey/out' })).not.toContain('grey/out');
  expect(edit(AWS, { type: 'remove', node: 'function:scar-split' })).not.toContain('vcpus');
  expect(edit(FLOW, { type: 'remove', node: 'service:local/a' })).toBe('functions: {oscar: []}\n');
  const none = edit(edit(PLAIN, { type: 'remove', node: 'service:local/read' }), {
    type: 'remove',
    node: 'service:local/grey'
  });
  expect(none).toBe(`# Two services in a row.
functions:
  oscar: []
  # the first
  # the second
# the end
`);
});

test('names are changed where they stand', () => {
  expect(edit(PLAIN, { type: 'rename', node: 'service:local/grey', name: 'gray' })).toBe(
    PLAIN.replace('name: grey #', 'name: gray #').replace(/path: grey\//g, 'path: gray/')
  );
  const { text } = renameService(PLAIN, 'grey', 'gray');
  expect(edit(PLAIN, { type: 'rename', node: 'service:local/grey', name: 'gray' })).toBe(text);
  const unnamed = PLAIN.replace('name: grey #', 'name: #');
  expect(edit(unnamed, { type: 'rename', node: 'service:local/', name: 'gray' })).toContain('name: gray # makes it');
  const missing = PLAIN.replace('      name: grey # makes it grey\n', '');
  expect(edit(missing, { type: 'rename', node: 'service:local/', name: 'gray' })).toContain('      name: gray\n');
  expect(edit(PLAIN, { type: 'rename', node: 'place:minio.default:grey/out', name: 'shared/grey' })).toBe(
    PLAIN.replace(/path: grey\/out/g, 'path: shared/grey')
  );
  const far = edit(DEEP, { type: 'rename', node: 'cluster:edge', name: 'door' });
  expect(far).toBe(
    DEEP.replace('- edge:', '- door:').replace('\n  edge:', '\n  door:').replace('cluster_id: edge', 'cluster_id: door')
  );
  expect(edit(PLAIN, { type: 'move', node: 'service:local/read', cluster: 'cloud' })).toBe(
    PLAIN.replace('- local:\n      name: read', '- cloud:\n      name: read')
  );
});

test('clusters', () => {
  const action: GraphAction = { type: 'add-cluster', name: 'far', endpoint: 'https://far.example.org' };
  expect(edit(DEEP, action)).toBe(
    DEEP.replace(
      'storage_providers:',
      '  far:\n    endpoint: https://far.example.org\n    ssl_verify: true\nstorage_providers:'
    )
  );
  expect(edit(PLAIN, action)).toContain('clusters:\n  far:\n');
  expect(refusal(DEEP, { type: 'remove', node: 'cluster:edge' })).toContain('has a service');
  const text = edit(PLAIN, action);
  expect(edit(text, { type: 'remove', node: 'cluster:far' })).toBe(PLAIN);
});

test.each<[string, string, GraphAction, string]>([
  ['a name that is taken', PLAIN, { ...ADD, name: 'grey' }, 'already'],
  ['a name that no cluster takes', PLAIN, { ...ADD, name: 'Gray' }, 'small letters'],
  ['a service without an image', PLAIN, { ...ADD, image: ' ' }, 'image'],
  [
    'a path without a folder',
    PLAIN,
    { type: 'connect', from: place('photos'), to: { node: 'service:local/grey' } },
    'folder'
  ],
  ['a storm', PLAIN, { type: 'connect', from: { node: 'service:local/grey' }, to: place('grey/in') }, 'start itself'],
  ['two folders', PLAIN, { type: 'connect', from: place('a/b'), to: place('c/d') }, 'by a service'],
  ['twice the same', PLAIN, { type: 'connect', from: place('grey/in'), to: { node: 'service:local/grey' } }, 'already'],
  [
    'S3 for a service',
    PLAIN,
    { type: 'connect', from: place('x/y', 's3'), to: { node: 'service:local/grey' } },
    'cannot start'
  ],
  [
    'MinIO for a function',
    AWS,
    { type: 'connect', from: place('x/y'), to: { node: 'function:detect' } },
    'Only files in S3'
  ],
  ['what is not there', PLAIN, { type: 'remove', node: 'service:local/gone' }, 'any more'],
  ['broken text', 'functions: {', ADD, 'Correct it first'],
  ['a list with an alias', 'x: &a\n- local: {name: b}\nfunctions:\n  oscar: *a\n', ADD, 'in the text']
])('refused: %s', (_, text, action, words) => {
  expect(refusal(text, action)).toContain(words);
});

test('every sample can be shown and takes a new service', () => {
  for (const [, text] of SAMPLES) {
    const after = edit(text, ADD);
    expect(graph(after).nodes.filter(node => node.label === 'new')).toHaveLength(1);
    expect(graph(after).nodes.length).toBeGreaterThan(graph(text).nodes.length);
  }
});

test('S3 is the bridge between OSCAR and AWS', () => {
  const { edges } = graph(HYBRID);
  expect(edges.map(edge => `${edge.from} > ${edge.to}`)).toEqual([
    'place:minio.default:blur/in > service:on-premises/blur',
    'service:on-premises/blur > place:minio.default:blur/out',
    'service:on-premises/blur > place:s3:mask/intermediate',
    'place:s3:mask/intermediate > function:detect'
  ]);
});

test('a folder below one that is read feeds it, too', () => {
  const text = edit(PLAIN, { type: 'rename', node: 'service:local/grey', name: 'gray' }).replace(
    'path: gray/out\n        suffix',
    'path: gray/out/deep\n        suffix'
  );
  expect(graph(text).edges.filter(edge => edge.kind === 'under')).toHaveLength(1);
});
