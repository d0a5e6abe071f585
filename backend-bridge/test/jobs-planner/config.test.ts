import type { ComputeRequest } from '../../src/contract';
import { withConfig } from '../../src/jobs/htc';
import { readTascaasConfig } from '../../src/jobs/htc/tascaas-config';
import { readMarlaConfig } from '../../src/jobs/mapreduce/marla-config';

const CONFIG = `# MARLA
ClusterName: benchmark-scan1a
FunctionsDir: example
FunctionsFile: example_functions.py
Region: us-east-1
BucketIn: marla-in
BucketOut: marla-out
RoleARN: arn:aws:iam::000000000000:role/lambda
 MapperNodes: 7
MapperNodes: 100
MinBlockSize: 1024
MaxBlockSize: 0
MapperMemory: 1536
ReducerMemory: 1536
TimeOut: 180
ReducersNumber: 10
`;
const MIB = 1024 * 1024;

describe("MARLA's config.in", () => {
  it('becomes fields of the request, and says what has no meaning here', () => {
    const { fields, notes } = readMarlaConfig(CONFIG);
    expect(fields).toEqual({
      name: 'benchmark-scan1a',
      input: [{ bucket: 'marla-in', prefix: 'benchmark-scan1a/' }],
      output: { bucket: 'marla-out', prefix: 'benchmark-scan1a' },
      mapreduce: { mappers: 100, reducers: 10, minBlock: MIB, maxBlock: 0 },
      memory: 1536 * MIB,
      timeout: 180
    });
    expect(notes.map(note => /`(\w+)`/.exec(note)?.[1]).sort()).toEqual([
      'FunctionsDir',
      'FunctionsFile',
      'Region',
      'RoleARN'
    ]);
  });

  it.each([
    ['no name', CONFIG.replace('ClusterName', '#ClusterName'), 'ClusterName'],
    ['a name with a slash', CONFIG.replace('benchmark-', 'benchmark/'), 'ClusterName'],
    ['one bucket for both', CONFIG.replace('marla-out', 'marla-in'), 'BucketOut'],
    ['a number that is none', CONFIG.replace('TimeOut: 180', 'TimeOut: soon'), 'TimeOut'],
    ['no mapper', CONFIG.replace('MapperNodes: 100', 'MapperNodes: 0'), 'MapperNodes']
  ])('refuses %s', (_name, text, word) => {
    expect(() => readMarlaConfig(text)).toThrow(word);
  });

  it('gives way to what the request says itself', () => {
    const request: ComputeRequest = {
      kind: 'mapreduce',
      code: { language: 'python', source: '' },
      idempotencyKey: 'aaaaaaaa',
      config: { format: 'marla', text: CONFIG },
      input: [{ file: { path: '/data' } }],
      mapreduce: { reducers: 3 }
    };
    const { request: merged } = withConfig(request);
    expect(merged.input).toEqual([{ file: { path: '/data' } }]);
    expect(merged.mapreduce).toEqual({ mappers: 100, reducers: 3, minBlock: MIB, maxBlock: 0 });
    expect(merged.config).toBeUndefined();
    expect(() => withConfig({ ...request, kind: 'htc' })).toThrow('MARLA');
  });
});

describe("TaScaaS's job file", () => {
  it.each([
    [
      '{"iterations":50000000000,"time":500,"initWorkers":2,"inputFile":"piTest.config"}',
      {
        htc: { iterations: 50_000_000_000, time: 500, initWorkers: 2 },
        input: [{ file: { path: '/in/piTest.config' } }]
      }
    ],
    [
      '{"iterations":20,"time":-1,"initWorkers":5,"inputFile":"files.tar.xz"}',
      { htc: { iterations: 20, time: -1, initWorkers: 5 }, input: [{ file: { path: '/in/files.tar.xz' } }] }
    ]
  ])('is taken as it is: %s', (text, fields) => {
    expect(readTascaasConfig(text, '/in')).toEqual({ fields, notes: [] });
  });

  it.each([
    ['{', 'JSON'],
    ['[]', 'object'],
    ['{"time":1,"inputFile":"a"}', 'iterations'],
    ['{"iterations":1.5,"time":1}', 'iterations'],
    ['{"iterations":1,"inputFile":"a"}', 'time'],
    ['{"iterations":1,"time":1,"initWorkers":0}', 'initWorkers'],
    ['{"iterations":1,"time":1,"inputFile":7}', 'inputFile']
  ])('is refused: %s', (text, word) => {
    expect(() => readTascaasConfig(text, '/in')).toThrow(word);
  });

  it('says what it could not use', () => {
    const { notes } = readTascaasConfig('{"iterations":1,"time":1,"inputFile":"a","colour":"red"}', undefined);
    expect(notes.join(' ')).toContain('colour');
    expect(notes.join(' ')).toContain('a');
  });
});
