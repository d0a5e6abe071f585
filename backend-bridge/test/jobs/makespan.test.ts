import { bound, seeded, simulate, type ISimulatedWorker } from './simulation';

jest.setTimeout(120_000);

const at = (...speeds: number[]): ISimulatedWorker[] => speeds.map(speed => ({ speed: () => speed }));

const noisy = (): ISimulatedWorker[] => {
  const random = seeded(7);
  return [0, 1, 2, 3].map(() => {
    const levels = Array.from({ length: 200 }, () => 0.3 + 0.7 * random());
    return { speed: time => 100 * levels[Math.floor(time / 15) % levels.length] };
  });
};

const SCENARIOS: [string, ISimulatedWorker[], number][] = [
  ['four equal workers', at(100, 100, 100, 100), 100],
  ['8:4:2:1', at(400, 200, 100, 50), 100],
  ['one slows down from 400 to 50', [{ speed: time => (time < 30 ? 400 : 50) }, ...at(200, 100, 50)], 100],
  ['noise', noisy(), 100],
  ['the fastest dies', [{ speed: () => 400, dies: 30 }, ...at(200, 100, 50)], 100],
  ['one dies near the end', [{ speed: () => 100, dies: 90 }, ...at(100, 100, 100)], 100],
  ['one is very slow', at(100, 100, 100, 5), 100],
  ['10 s, four equal workers', at(100, 100, 100, 100), 10],
  ['10 s, 8:4:2:1', at(400, 200, 100, 50), 10],
  ['10 s, one slows down', [{ speed: time => (time < 4 ? 400 : 50) }, ...at(200, 100, 50)], 10]
];

/** Units that these workers do in so many seconds. */
function work(workers: ISimulatedWorker[], seconds: number): number {
  let units = 0;
  for (let time = 0; time < seconds; time += 0.005) {
    workers.forEach(worker => (units += time < (worker.dies ?? Infinity) ? worker.speed(time) * 0.005 : 0));
  }
  return Math.floor(units);
}

test.each(SCENARIOS)('%s: at most 1.06 of the bound, each unit once', (name, workers, seconds) => {
  const total = work(workers, seconds);
  const { makespan, times, messages } = simulate({ workers, total, random: seeded(1) });
  const ratio = makespan / bound(workers, total);
  if (process.env['SHOW']) {
    process.stderr.write(`${name}: ${ratio.toFixed(3)} (${messages} messages)\n`);
  }
  expect(times.size).toBe(total);
  expect(Math.max(...times.values())).toBe(1);
  // Who dies near the end is missed for three seconds, and then nobody has anything else to do.
  expect(ratio).toBeLessThanOrEqual(1.06);
});
