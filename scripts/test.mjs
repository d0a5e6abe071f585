/**
 * `npm test [-- GROUP… [-- options of the runner]]`: set-up, then every test (but those of groups that are run by name); the last line is the total over all groups.
 *
 * `OSCAR_TEST_BUDGET` is for machines that end a run after some time: after so many minutes, set-up included, no more browser test
 * is begun, and those that were not are counted as skipped. Of long rows of cases alike a part is tried. A test that failed is tried
 * once more: such machines are busy with other things too. Both are printed, and named at the end.
 */
import { suites } from './lib/suites.mjs';
import { StepError, main } from './lib/run.mjs';
import { setup } from './setup.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  const cut = args.indexOf('--');
  const wanted = cut < 0 ? args : args.slice(0, cut);
  const extra = cut < 0 ? [] : args.slice(cut + 1);
  const unknown = wanted.filter(name => !(name in suites));
  if (unknown.length > 0) {
    throw new StepError(`There is no group "${unknown[0]}". The groups are: ${Object.keys(suites).join(', ')}.`);
  }
  const minutes = Number(process.env.OSCAR_TEST_BUDGET ?? 0);
  if (minutes > 0) {
    process.env.OSCAR_TEST_UNTIL = String(Date.now() + minutes * 60_000);
  }
  await setup();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const rows = [];
  const notes = [];
  const usual = Object.keys(suites).filter(name => suites[name].byName !== true);
  for (const name of wanted.length > 0 ? wanted : usual) {
    console.log(`\n── ${name}: ${suites[name].title}`);
    const began = Date.now();
    const counts = await suites[name].run(extra);
    for (const key of Object.keys(total)) {
      total[key] += counts[key];
    }
    rows.push(
      `  ${name.padEnd(8)} ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped  (${Math.round((Date.now() - began) / 1000)} s)`
    );
    notes.push(...counts.reasons.map(reason => `  ${name}: ${reason}`));
  }
  console.log(`\n── Summary\n${rows.join('\n')}`);
  if (notes.length > 0) {
    console.log(`Skipped, broken or tried again, and why:\n${notes.join('\n')}`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
});
