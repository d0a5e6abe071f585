/**
 * Long rows of cases. A run that may take some minutes only (`OSCAR_TEST_BUDGET`, see scripts/test.mjs) tries a part of them, another
 * one each time; `OSCAR_TEST_OFFSET` repeats the one that was printed. All others try all.
 */
const SHARE = 4;

const offset =
  process.env['OSCAR_TEST_BUDGET'] === undefined
    ? undefined
    : Number(process.env['OSCAR_TEST_OFFSET'] ?? Math.floor(Math.random() * SHARE)) % SHARE;

/** Which of so many faults are caused: all, or every fourth. */
export function sample(total: number): number[] {
  const all = [...Array(total).keys()];
  if (offset === undefined) {
    return all;
  }
  console.info(`every ${SHARE}th of ${total}, OSCAR_TEST_OFFSET=${offset}`);
  return all.filter(index => index % SHARE === offset);
}

/** All cases, or one of them. */
export function some<T>(cases: readonly T[]): T[] {
  if (offset === undefined) {
    return [...cases];
  }
  console.info(`one of ${cases.length}, OSCAR_TEST_OFFSET=${offset}`);
  return [cases[offset % cases.length]];
}
