import { writeFileSync } from 'node:fs';
import { start, temporaryFolder, testOptions } from './cluster';
import { DELIBERATE } from './golden/deliberate';
import { call, type IDifference, type IEntry, type IReplayContext, readGolden, replay } from './golden/replay';
import { type IScenario, SCENARIOS } from './golden/scenarios';
import { TestIssuer } from './issuer';

const totals = { same: 0, deliberate: 0, leftOut: 0, different: 0 };
const found: (IDifference & { file: string })[] = [];

/** Subjects as the recordings had them: with `@egi.eu` and without. */
function usersOf(file: string): Record<string, { sub: string; name: string; groups: string[] }> {
  const first = !file.startsWith('r2-');
  const at = (pair: string): string => `${pair.repeat(60 / pair.length)}@egi.eu`;
  const id = (digit: string): string => [8, 4, 4, 4, 12].map(length => digit.repeat(length)).join('-');
  const groups = ['vo.test'];
  return {
    u1: { sub: at(first ? 'a' : '1a'), name: 'User One', groups },
    u2: { sub: at(first ? 'b' : '2b'), name: 'User Two', groups },
    u3: { sub: id('3'), name: 'User Three', groups },
    u4: { sub: id('4'), name: 'User Four', groups: [] },
    u5: { sub: id('5'), name: 'User Five', groups },
    u6: { sub: id('6'), name: 'Stranger', groups }
  };
}

async function run(scenario: IScenario): Promise<void> {
  const users = usersOf(scenario.file);
  const issuer = scenario.oidc ? await TestIssuer.start(Object.values(users)) : undefined;
  const { cluster } = await start(
    testOptions(temporaryFolder(), {
      strict: true,
      ...(issuer ? { oidcIssuers: [issuer.url], oidcGroups: ['vo.test'] } : {}),
      ...scenario.options
    })
  );
  const basic = { Authorization: `Basic ${Buffer.from(`${cluster.user}:${cluster.password}`).toString('base64')}` };
  const token = async (service: string): Promise<string> => {
    const answer = await call(cluster.endpoint, 'GET', `/system/services/${encodeURIComponent(service)}`, basic);
    return answer.status === 200 ? (JSON.parse(answer.body) as { token: string }).token : 'e'.repeat(64);
  };
  let serviceToken = '';
  const context: IReplayContext = {
    cluster,
    values: Object.fromEntries(Object.entries(users).map(([name, user]) => [`<sub-of-${name}>`, user.sub])),
    bearer: (auth, entry) => {
      switch (auth) {
        case 'service-token':
          return serviceToken;
        case 'bearer expired':
          return issuer?.token(users.u1.sub, { expires: -60 });
        case 'bearer badsig':
          return issuer?.forged(users.u1.sub);
        case 'bearer otheriss':
        case 'bearer of an unknown issuer':
          return issuer?.token(users.u1.sub, { issuer: 'https://other.example' });
        case 'bearer noiss':
          return issuer?.token(users.u1.sub, { issuer: null });
        case 'bearer bad':
          return entry.id.includes('issuer')
            ? issuer?.token(users.u1.sub, { issuer: 'https://other.example' })
            : entry.id.includes('signature')
              ? issuer?.forged(users.u1.sub)
              : entry.id.includes('empty')
                ? ''
                : 'not-a-jwt';
        default: {
          const user = users[auth.replace('bearer ', '')];
          return user && issuer?.token(user.sub);
        }
      }
    }
  };
  try {
    await scenario.prepare?.(context);
    for (const entry of readGolden(scenario.file)) {
      if (!entry.request || !entry.response) {
        continue;
      }
      if (scenario.leaveOut?.(entry)) {
        totals.leftOut++;
        continue;
      }
      await scenario.before?.[entry.id]?.(context);
      serviceToken = await tokenFor(entry, token);
      context.values['<hex64>'] =
        entry.id.includes('wrong') && !entry.id.includes('and-query') ? 'd'.repeat(64) : serviceToken;
      const difference = await replay(entry, context);
      const reason = DELIBERATE.find(each => each.pattern.test(`${scenario.file}:${entry.id}`));
      if (!difference) {
        totals.same++;
      } else if (reason) {
        used.add(reason);
        totals.deliberate++;
      } else {
        totals.different++;
        found.push({ file: scenario.file, ...difference });
      }
    }
  } finally {
    await cluster.close();
    await issuer?.close();
  }
}

const used = new Set<(typeof DELIBERATE)[number]>();

async function tokenFor(entry: IEntry, token: (service: string) => Promise<string>): Promise<string> {
  const name = /^\/(?:job|run|system\/services)\/([^/?]+)/.exec(entry.request?.path ?? '')?.[1] ?? '';
  if (entry.id.includes('other-service-token')) {
    return token(name === 'minimal' ? 'my-exposed' : 'minimal');
  }
  if (entry.id.includes('short')) {
    return 'abc';
  }
  const right = name ? await token(decodeURIComponent(name)) : 'd'.repeat(64);
  return entry.id.includes('63-characters') ? right.slice(0, 63) : right;
}

describe('recorded answers of a real manager, replayed against a strict cluster', () => {
  it.each(SCENARIOS.map(scenario => [scenario.file, scenario] as const))(
    '%s',
    async (file, scenario) => {
      await run(scenario);
      expect(
        found.filter(each => each.file === file).map(({ id, expected, actual }) => ({ id, expected, actual }))
      ).toEqual([]);
    },
    120_000
  );

  it('differs on purpose only where the list says so', () => {
    process.stdout.write(`recorded answers: ${JSON.stringify(totals)}\n`);
    if (process.env.OSCAR_GOLDEN_DIFF) {
      writeFileSync(process.env.OSCAR_GOLDEN_DIFF, JSON.stringify(found, null, 1));
    }
    expect(DELIBERATE.filter(each => !used.has(each)).map(each => String(each.pattern))).toEqual([]);
  });
});
