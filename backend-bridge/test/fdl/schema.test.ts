import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { fdlSchema, parseFdl } from '../../src/fdl';
import { AWS_FIELDS, CLUSTER_FIELDS, PROVIDER_FIELDS, SERVICE_FIELDS, type Fields } from '../../src/fdl/tables';
import { fdl } from './fixtures';
import { schemaDocs } from './schema-docs';

const ROOT = join(__dirname, '../../..');
const EXAMPLES = join(ROOT, 'examples');
const SCAR = join(ROOT, '../shared/data/scar');
const DOCS = join(ROOT, 'docs/fdl.md');

const ajv = new Ajv({ strict: true, allErrors: true, strictTypes: false, strictTuples: false });
ajv.addVocabulary(['x-since', 'x-until', 'x-unit', 'markdownDescription']);
const validate = ajv.compile(fdlSchema());

function problems(text: string): string[] {
  return validate(parseFdl(text).document.value)
    ? []
    : (validate.errors ?? []).map(error => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

function files(folder: string, pattern: RegExp): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter(name => pattern.test(name))
        .sort()
    : [];
}

describe('the JSON Schema', () => {
  it('is draft-07, which YAML language servers read, and says what each field is', () => {
    const schema = fdlSchema();
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(ajv.validateSchema(schema)).toBe(true);
    const check = (part: Record<string, unknown>, path: string) => {
      const fields = (part.properties ?? {}) as Record<string, Record<string, unknown>>;
      for (const [key, field] of Object.entries(fields)) {
        expect([path, key, typeof field.description]).toEqual([path, key, 'string']);
        expect([path, key, typeof field['x-since']]).toEqual([path, key, 'string']);
        check(field, `${path}/${key}`);
        check((field.items ?? {}) as Record<string, unknown>, `${path}/${key}`);
      }
    };
    const { service, aws } = schema.definitions as Record<string, Record<string, unknown>>;
    check(service, 'service');
    check(aws, 'aws');
    expect((service.properties as Record<string, Record<string, unknown>>).memory).toMatchObject({
      default: '256Mi',
      'x-unit': 'bytes',
      'x-since': '3.0'
    });
  });

  it('has every field of the tables', () => {
    const count = (fields: Fields): number =>
      Object.values(fields).reduce((sum, field) => sum + 1 + count(field.fields ?? {}), 0);
    const inSchema = (part: unknown): number => {
      const { properties, items } = (part ?? {}) as { properties?: Record<string, unknown>; items?: unknown };
      return (
        Object.entries(properties ?? {}).reduce(
          (sum, [key, value]) => sum + (key === 'Variables' ? 0 : 1) + inSchema(value),
          0
        ) + (items ? inSchema(items) : 0)
      );
    };
    const { service, aws } = fdlSchema().definitions as Record<string, unknown>;
    expect(inSchema(service)).toBe(count(SERVICE_FIELDS));
    const variables = JSON.stringify(AWS_FIELDS).split('"Variables"').length - 1;
    expect(inSchema(aws)).toBe(count(AWS_FIELDS) - variables);
    expect(Object.keys(PROVIDER_FIELDS).length).toBeGreaterThan(4);
    expect(Object.keys(CLUSTER_FIELDS)).toContain('endpoint');
  });

  it.each(files(EXAMPLES, /fdl\.ya?ml$/))('takes the example %s', name => {
    expect(problems(readFileSync(join(EXAMPLES, name), 'utf8'))).toEqual([]);
  });

  const scar = files(SCAR, /\.ya?ml$/);
  if (scar.length === 0) {
    console.warn('SKIPPED: ../shared/data/scar is not there, so SCAR’s own files are not checked against the schema.');
  }
  /** Shapes that SCAR 4 itself does not take, and the one file with a slip of the pen. */
  const LEGACY: Record<string, RegExp> = {
    'video-process.yaml': /image|storage_providers/,
    'test__functional__parser__fdl.yaml': /functions|storages/,
    'fdl-example.yaml': /timeout_threshold\\?"/
  };
  (scar.length > 0 ? it.each(scar) : it.skip.each(['(no files)']))('takes the file %s of SCAR', name => {
    const found = problems(readFileSync(join(SCAR, name), 'utf8'));
    if (LEGACY[name]) {
      expect(found.join('\n')).toMatch(LEGACY[name]);
    } else {
      expect(found).toEqual([]);
    }
  });

  it.each([
    ['an unknown key', fdl('memmory: 1Gi')],
    ['a service without image', fdl().replace(/ +image:.*\n/, '')],
    ['a quantity that is none', fdl('memory: much')],
    ['an unknown word', fdl('visibility: secret')],
    ['a text where a list belongs', fdl('input: cowsay/in')],
    ['Lambda with 64 MB', 'functions:\n  aws:\n  - lambda: {name: a, memory: 64, container: {image: b}}\n'],
    ['Lambda for an hour', 'functions:\n  aws:\n  - lambda: {name: a, timeout: 3600, container: {image: b}}\n'],
    ['a provider without keys', fdl('', 'storage_providers:\n  s3:\n    x: {}\n')]
  ])('refuses %s', (_, text) => {
    expect(problems(text)).not.toEqual([]);
  });

  it('is what docs/fdl.md says (UPDATE_DOCS=1 writes it anew)', () => {
    const text = schemaDocs(fdlSchema());
    if (process.env.UPDATE_DOCS) {
      writeFileSync(DOCS, text);
    }
    expect(readFileSync(DOCS, 'utf8')).toBe(text);
  });
});
