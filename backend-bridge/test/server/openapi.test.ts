import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, start } from './harness';

const COPY = join(__dirname, '..', '..', '..', 'docs', 'openapi.json');
const PAGE = join(__dirname, '..', '..', 'src', 'contract', 'README.md');

interface IDocument {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, unknown> };
}

let served: IDocument;

beforeAll(async () => {
  const bridge = await start();
  served = (await bridge.call('/v1/openapi.json')).json<IDocument>();
});
afterAll(cleanUp);

test('the copy in docs/ is what is served; UPDATE_OPENAPI=1 writes it anew', () => {
  if (process.env['UPDATE_OPENAPI']) {
    writeFileSync(COPY, `${JSON.stringify(served, null, 2)}\n`);
  }
  expect(JSON.parse(readFileSync(COPY, 'utf8'))).toEqual(served);
});

test('all references lead somewhere, and every schema of the contract that a route uses is named', () => {
  const references = [...JSON.stringify(served).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    match => match[1] ?? ''
  );
  expect(references.length).toBeGreaterThan(50);
  for (const name of references) {
    expect(served.components.schemas).toHaveProperty(name);
  }
  expect(JSON.stringify(served)).not.toContain('$id');
});

test('every route of the contract page is there', () => {
  const rows = [
    ...readFileSync(PAGE, 'utf8').matchAll(/^\| ((?:GET|POST|PUT|DELETE|HEAD|any)[^|]*`[^|]*(?:\\\|[^|]*)*) \|/gm)
  ].map(match => match[1] ?? '');
  expect(rows.length).toBeGreaterThan(25);
  const known = new Set(Object.keys(served.paths).map(path => path.replace(/\{\w+\}/g, '{}')));
  for (const row of rows) {
    let last = '';
    for (const [, text] of row.matchAll(/`([^`]+)`/g)) {
      const path = (text ?? '').split('?')[0] ?? '';
      if (!path.startsWith('/')) {
        continue;
      }
      // `/x/:id` · `/retry`: the second stands beside the last part of the first.
      const variants = /\{(.*)\}/.exec(path)?.[1]?.split(',') ?? [''];
      for (const variant of variants) {
        const plain = path
          .replace(/\{.*\}/, variant)
          .replace(/:\w+/g, '{}')
          .replace(/\*$/, '{}');
        const full = known.has(`/v1${plain}`) ? `/v1${plain}` : `/v1${last.replace(/\/[^/]*$/, '')}${plain}`;
        expect(known).toContain(full);
        last = plain;
      }
    }
  }
});
