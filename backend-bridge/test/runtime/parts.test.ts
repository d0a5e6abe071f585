import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { defaultCapacity, machineCapacity } from '../../src/local-cluster/runtime/capacity';
import { LogWriter, readAll, readLog, withTimestamps } from '../../src/local-cluster/runtime/log-file';
import { parseQuantity, showCpus, showMemory } from '../../src/local-cluster/runtime/quantity';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'oscar-parts-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ['0.2', 0.2],
  ['500m', 0.5],
  ['1e3', 1000],
  ['256Mi', 2 ** 28],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1G', 1e9],
  ['.5', 0.5],
  ['', undefined],
  ['1Q', undefined],
  ['1 Gi', undefined]
])('quantity %s', (text, value) => expect(parseQuantity(text)).toBe(value));

test('amounts are shown as services write them', () => {
  expect([showCpus(1), showCpus(0.25), showMemory(2 ** 28), showMemory(1.5 * 2 ** 30)]).toEqual([
    '1 CPU',
    '0.25 CPUs',
    '256Mi',
    '1.5Gi'
  ]);
});

/** Files of a made-up machine. */
function machine(files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('capacity is that of the control group, version 2, also when the limit is above', () => {
  const found = machineCapacity(
    machine({
      'proc/self/cgroup': '0::/kubepods/pod1\n',
      'sys/fs/cgroup/kubepods/cpu.max': '50000 100000\n',
      'sys/fs/cgroup/kubepods/pod1/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/kubepods/pod1/memory.max': '1073741824\n'
    })
  );
  expect(found).toMatchObject({ cpus: 0.5, memory: 2 ** 30 });
  expect(defaultCapacity(found)).toMatchObject({ cpus: 1, memory: 0.75 * 2 ** 30 });
});

test('capacity is that of the control group, version 1, and devices are counted', () => {
  const found = machineCapacity(
    machine({
      'proc/self/cgroup': '4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '100000\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes': '536870912\n',
      'dev/nvidia0': '',
      'dev/nvidiactl': ''
    })
  );
  expect(found).toEqual({ cpus: 1, memory: 2 ** 29, gpus: 1 });
});

test.each([1, 7, 64, 1000])('a log in pieces of %d bytes keeps its two ends', piece => {
  const log = new LogWriter(join(root, 'log'), 500);
  const lines = Array.from({ length: 400 }, (_, index) => `line ${index}\n`).join('');
  for (let at = 0; at < lines.length; at += piece) {
    log.write(lines.slice(at, at + piece));
    expect(statSync(join(root, 'log')).size).toBeLessThanOrEqual(1000);
  }
  expect(readAll(log).toString().endsWith('line 399\n')).toBe(true);
  expect(readAll(log).toString().startsWith('line 0\nline 1\n')).toBe(true);
  log.close();
  const kept = readLog(join(root, 'log'))?.toString() ?? '';
  expect(kept).toMatch(/^line 0\n(line \d+\n)+\n\[… 2\.\d kB of output are not kept …\]\n(line \d+\n)+$/);
  expect(kept.endsWith('line 399\n')).toBe(true);
});

test('one piece larger than all that is kept', () => {
  const log = new LogWriter(join(root, 'log'), 100);
  log.write(`begin\n${'x'.repeat(5000)}\nend\n`);
  expect(log.total).toBe(5011);
  log.close();
  expect(readLog(join(root, 'log'))?.toString()).toMatch(/^begin\n[\s\S]*not kept[\s\S]*end\n$/);
});

test('each line has the time of its part', () => {
  expect(
    withTimestamps('a\nb\nc', [
      [0, 0],
      [2, 1000]
    ])
  ).toBe('1970-01-01T00:00:00.000Z a\n1970-01-01T00:00:01.000Z b\n1970-01-01T00:00:01.000Z c');
});
