import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOwned, openShared } from '../../src/state';

const schema = 'CREATE TABLE IF NOT EXISTS thing (name TEXT)';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oscar-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ways = {
  owned: (file: string, log?: (line: string) => void, tidy?: () => void) =>
    openOwned(file, { schema, synchronous: 'FULL', log, tidy }),
  shared: (file: string, log?: (line: string) => void, tidy?: () => void) => openShared(file, { schema, log, tidy })
};

describe.each(Object.entries(ways))('a database that is %s', (_, open) => {
  it('is its owner’s alone, and keeps what is in it', () => {
    const file = join(folder, 'a.db');
    const first = open(file);
    first.exec("INSERT INTO thing VALUES ('kept')");
    first.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = open(file);
    expect(again.prepare('SELECT name FROM thing').all()).toEqual([{ name: 'kept' }]);
    again.close();
  });

  it.each(['not a database at all, but long enough to have a header of its own'.repeat(20), '\0'.repeat(4096)])(
    'is put aside when it is damaged, and said to be',
    text => {
      const file = join(folder, 'a.db');
      writeFileSync(file, text);
      const lines: string[] = [];
      open(file, line => lines.push(line)).close();
      const aside = readdirSync(folder).filter(name => name.startsWith('a.db.damaged-'));
      expect(aside.map(name => readFileSync(join(folder, name), 'utf8'))).toEqual([text]);
      expect(lines).toEqual([expect.stringMatching(/a\.db was damaged; it is kept as .*a\.db\.damaged-\d+\.$/)]);
    }
  );

  it('is closed and left alone when it cannot be used for another reason', () => {
    const file = join(folder, 'a.db');
    const failing = (): void => {
      throw new Error('no room');
    };
    expect(() => open(file, undefined, failing)).toThrow('no room');
    expect(readdirSync(folder).filter(name => name.includes('damaged'))).toEqual([]);
    open(file).close();
  });
});

it('a journal is one process’s, a shared file is not', () => {
  const owned = openOwned(join(folder, 'owned.db'), { schema, synchronous: 'NORMAL' });
  expect(() => openOwned(join(folder, 'owned.db'), { schema, synchronous: 'NORMAL' })).toThrow(/locked/);
  const shared = [0, 1].map(() => openShared(join(folder, 'shared.db'), { schema }));
  shared.forEach((database, number) => database.exec(`INSERT INTO thing VALUES ('${number}')`));
  expect(shared[0].prepare('SELECT name FROM thing').all()).toHaveLength(2);
  [owned, ...shared].forEach(database => database.close());
});
