import { type IPlanOptions } from '../../src/fdl';
import { deployed } from './fixtures';
import { plan, steps, errors, service, flow, isSent, apply } from './plan-support';

describe('services that feed one another', () => {
  const check = (text: string, expected: string[], options: Partial<IPlanOptions> = {}) => {
    const result = plan(text, options);
    expect(errors(result)).toEqual([]);
    const links = result.actions.flatMap(action =>
      action.type === 'link' ? [`${action.bucket}/${action.prefix} → ${action.service}`] : []
    );
    expect(links).toEqual(expected);
    const after = apply(result, options.deployed);
    const again = plan(text, { ...options, ...after });
    expect(again.actions).toEqual([]);
    return { result, services: new Map(after.deployed.map(item => [item.name, item])) };
  };

  it("keep the first one's bucket when the path is its own", () => {
    const { result, services } = check(
      flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'aaa/out', 'bbb/out')),
      ['aaa/out/ → bbb']
    );
    expect(services.get('aaa')?.output).toEqual([{ storage_provider: 'minio.default', path: 'aaa/out' }]);
    expect(services.get('bbb')?.input).toEqual([{ storage_provider: 'minio.default', path: 'bbb/in' }]);
    expect(JSON.parse(services.get('bbb')?.environment.variables.OSCAR_LINKS ?? '')).toEqual([
      { from: 'aaa', path: 'aaa/out', bucket: 'aaa', prefix: 'out' }
    ]);
    expect(result.links).toEqual([{ from: 'aaa', to: 'bbb', path: 'aaa/out', bucket: 'aaa', prefix: 'out' }]);
    expect(steps(result).pop()).toBe('link link aaa → bbb');
  });

  it("write into a bucket of their own when the path is the second one's", () => {
    const { services } = check(flow(service('aaa', 'aaa/in', 'bbb/in'), service('bbb', 'bbb/in', 'bbb/out')), [
      'aaa/to-bbb/ → bbb'
    ]);
    expect(services.get('aaa')?.output[0].path).toBe('aaa/to-bbb');
    expect(services.get('bbb')?.input[0].path).toBe('bbb/in');
  });

  it('share a neutral bucket', () => {
    const { services } = check(flow(service('aaa', 'data/in', 'data/mid'), service('bbb', 'data/mid', 'data/out')), [
      'data/mid/ → bbb'
    ]);
    expect(services.get('bbb')?.output[0].path).toBe('data/out');
    expect(services.get('bbb')?.input[0].path).toBe('bbb/in');
  });

  it('fan out and in', () => {
    const text = flow(
      service('aaa', 'aaa/in', 'aaa/out'),
      service('bbb', 'aaa/out', 'bbb/out'),
      service('ccc', 'aaa/out', 'ccc/out')
    );
    check(text, ['aaa/out/ → bbb', 'aaa/out/ → ccc']);
    const join = flow(
      service('aaa', 'aaa/in', 'ccc/in'),
      service('bbb', 'bbb/in', 'ccc/in'),
      service('ccc', 'ccc/in', 'ccc/out')
    );
    const { services } = check(join, ['aaa/to-ccc/ → ccc', 'bbb/to-ccc/ → ccc']);
    expect(
      JSON.parse(services.get('ccc')?.environment.variables.OSCAR_LINKS ?? '').map(
        (link: { from: string }) => link.from
      )
    ).toEqual(['aaa', 'bbb']);
  });

  it('are ordered by the flow, not by the file', () => {
    const { result } = check(flow(service('bbb', 'aaa/out', 'bbb/out'), service('aaa', 'aaa/in', 'aaa/out')), [
      'aaa/out/ → bbb'
    ]);
    expect(result.services).toEqual(['bbb', 'aaa']);
    expect(result.actions.filter(isSent).map(action => action.name)).toEqual(['aaa', 'bbb']);
  });

  it('follow a folder below the path', () => {
    check(flow(service('aaa', 'aaa/in', 'bbb/in/sub'), service('bbb', 'bbb/in', 'bbb/out')), ['aaa/to-bbb/ → bbb']);
    check(flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'aaa/out/png', 'bbb/out')), ['aaa/out/png/ → bbb']);
    check(flow(service('aaa', 'aaa/in', 'bbb/all'), service('bbb', 'bbb/all/png', 'bbb/out')), [
      'aaa/to-bbb/png/ → bbb'
    ]);
  });

  it('meet services that are there already', () => {
    const ocr = deployed({
      name: 'ocr',
      image: 'i',
      script: 's',
      input: [{ storage_provider: 'minio.default', path: 'ocr/in' }],
      output: [{ storage_provider: 'minio.default', path: 'ocr/out' }]
    });
    const { services } = check(
      flow(service('aaa', 'ocr/out', 'ocr/in/deep').replace('ocr/in/deep', 'aaa/out')),
      ['ocr/out/ → aaa'],
      { deployed: [ocr], buckets: [{ name: 'ocr' }] }
    );
    expect(services.get('aaa')?.input[0].path).toBe('aaa/in');
    const feed = check(flow(service('aaa', 'aaa/in', 'ocr/in')), ['aaa/to-ocr/ → ocr'], {
      deployed: [ocr],
      buckets: [{ name: 'ocr' }]
    });
    expect(feed.services.get('aaa')?.output[0].path).toBe('aaa/to-ocr');
  });

  it('lose a link that is not in the file any more', () => {
    const first = plan(flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'aaa/out', 'bbb/out')));
    const after = apply(first);
    const text = flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'bbb/in', 'bbb/out'));
    const result = plan(text, after);
    expect(result.actions.map(action => action.type)).toEqual(['update-service', 'unlink']);
    expect(result.steps.filter(step => step.action === 'delete')).toMatchObject([{ kind: 'link', name: 'aaa → bbb' }]);
    expect(result.actions.filter(isSent)[0].service.environment?.variables).toEqual({});
  });

  it('are connected by POST and PUT when the object store cannot be reached', () => {
    const text = flow(service('aaa', 'aaa/in', 'bbb/in'), service('bbb', 'bbb/in', 'bbb/out'));
    const result = plan(text, { storage: false });
    expect(errors(result)).toEqual([]);
    expect(
      result.actions.map(action => [
        action.type,
        'name' in action ? action.name : '',
        'service' in action && typeof action.service === 'object' ? action.service.output?.map(io => io.path) : []
      ])
    ).toEqual([
      ['create-service', 'aaa', []],
      ['create-service', 'bbb', ['bbb/out']],
      ['update-service', 'aaa', ['bbb/in']]
    ]);
    expect(plan(text, { storage: false, ...apply(result) }).actions).toEqual([]);
    const fan = flow(
      service('aaa', 'aaa/in', 'aaa/out'),
      service('bbb', 'aaa/out', 'bbb/out'),
      service('ccc', 'aaa/out', 'ccc/out')
    );
    expect(errors(plan(fan, { storage: false }))).toEqual(['needs-storage', 'needs-storage']);
  });

  it('plan a thousand services in a row in time', () => {
    const many = flow(
      ...Array.from({ length: 1000 }, (_, i) =>
        service(`srv${i}`, i === 0 ? 'srv0/in' : `srv${i - 1}/out`, `srv${i}/out`)
      )
    );
    const start = Date.now();
    const result = plan(many);
    expect(errors(result)).toEqual([]);
    expect(result.links).toHaveLength(999);
    expect(Date.now() - start).toBeLessThan(8000);
  });
});
