import { convert, node, pipeline } from './convert-support';

/** Nodes in layers of ten: each takes what two of the layer before made. */
function large(count: number) {
  const nodes = Array.from({ length: count }, (_, i) =>
    node(`n${i}`, {
      label: `Step ${i}`,
      filename: `work/step-${i}.py`,
      outputs: [`out-${i}.csv`],
      variables: { STEP: `${i}` }
    })
  );
  const edges = nodes.flatMap((_, i) => (i < 10 ? [] : [`n${i - 10}>n${i}`, ...(i % 10 ? [`n${i - 11}>n${i}`] : [])]));
  const files = Object.fromEntries(nodes.map((_, i) => [`work/step-${i}.py`, `print(${i})\n`]));
  return { what: pipeline(nodes, edges), files };
}

// Alone it is about 0.1 s; other tests run beside this one.
it('converts a thousand nodes in far less than a second, each in the time that one of few takes', () => {
  const time = (count: number): number => {
    const { what, files } = large(count);
    let best = Infinity;
    for (let round = 0; round < 5; round++) {
      const begun = performance.now();
      const result = convert(what, files);
      best = Math.min(best, performance.now() - begun);
      expect(result.services).toHaveLength(count);
    }
    return best;
  };
  time(100);
  const [few, thousand, many] = [100, 1000, 5000].map(time);
  console.info(`100: ${few.toFixed(1)} ms, 1,000: ${thousand.toFixed(1)} ms, 5,000: ${many.toFixed(1)} ms`);
  expect(thousand).toBeLessThan(1000);
  // Quadratic it would be fifty times as long for each.
  expect(many / 5000).toBeLessThan((few / 100) * 8);
});
