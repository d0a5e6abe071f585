/** Every so manieth is tried when nothing else is said. */
const SHARE = 4;

/**
 * Which of a long row of faults are caused in this run: with `OSCAR_TEST_THOROUGH=1` (`npm test -- thorough`) all, else a part of
 * them that is another one each time. `OSCAR_TEST_OFFSET` repeats the one that was printed.
 */
export function sample(total: number): number[] {
  const all = [...Array(total).keys()];
  if (process.env['OSCAR_TEST_THOROUGH'] === '1') {
    return all;
  }
  const offset = Number(process.env['OSCAR_TEST_OFFSET'] ?? Math.floor(Math.random() * SHARE)) % SHARE;
  console.info(`every ${SHARE}th of ${total}, OSCAR_TEST_OFFSET=${offset}`);
  return all.filter(index => index % SHARE === offset);
}
