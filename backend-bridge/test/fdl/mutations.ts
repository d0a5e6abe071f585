import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fdl } from './fixtures';

const AWS = `functions:
  aws:
  - lambda:
      name: grey
      runtime: python3.11 # how
      memory: 1024
      timeout: 60
      init_script: s.sh
      environment: {Variables: {A: b}}
      container:
        image: grycap/imagemagick
        timeout_threshold: 10
      input:
      - {storage_provider: s3, path: b-one/in}
      output:
      - storage_provider: s3.mine
        path: b-two/out
        suffix: [.png]
    iam: {role: 'arn:aws:iam::123456789012:role/x'}
    batch:
      vcpus: 1
      multi_node_parallel: {enabled: true, number_nodes: 2}
      compute_resources: {subnets: [a], max_v_cpus: 4, instance_types: [g4dn.xlarge]}
  oscar:
  - edge:
      name: send
      image: a/b
      script: s.sh
      replicas:
      - type: oscar
        cluster_id: b
        service_name: send
      environment:
        Variables:
          A: 010
      output: [{storage_provider: s3.mine, path: b-one/in}]
storage_providers:
  s3:
    mine: {access_key: x, secret_key: x, region: us-east-1}
`;

/** A small generator with a seed, so that a failure can be had again. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  '\n',
  '\t',
  ' ',
  ':',
  '- ',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '<<: *a\n',
  '|',
  '>',
  '#',
  '!',
  '%',
  '@',
  '---\n',
  '...\n',
  '\0',
  '\r\n',
  'é',
  '😀',
  '\ufeff',
  '1e999',
  '.nan',
  'null',
  'true',
  '~',
  'name: x\n',
  '  ',
  '__proto__: ',
  '? ',
  '0x1',
  '-1',
  '\\',
  '/',
  '..',
  '../',
  'minio.',
  'é'.repeat(50),
  'a'.repeat(300)
];

const EXAMPLES = join(__dirname, '../../../examples/services');
/** Valid files: of services, of functions, with everything in it. */
export const SEEDS = [
  ...['ocr', 'grayify-ocr', 'embed'].map(name => readFileSync(join(EXAMPLES, name, 'fdl.yaml'), 'utf8')),
  AWS,
  fdl(
    "memory: 1Gi\ncpu: '1.0'\nlog_level: INFO\nvisibility: restricted\nallowed_users: [a]\nisolation_level: USER\nsynchronous: {min_scale: 0, max_scale: 3}\ninput:\n- storage_provider: minio.default\n  path: cowsay/in\noutput:\n- storage_provider: s3.x\n  path: b/out\n  suffix: [.png]\nenvironment:\n  variables: {A: b}\n  secrets: {T: s}\nlabels: {a: b}\nmount: {storage_provider: minio, path: data}\nvolume: {name: v, size: 1Gi, mount_path: /data}\nfederation:\n  topology: star\n  members:\n  - {type: endpoint, url: 'https://x'}\nexpose: {min_scale: 1, max_scale: 2, cpu_threshold: 80, api_port: [80], nodePort: [30000]}\nkserve: {type: inference, storage_uri: x}",
    'storage_providers:\n  s3: {x: {access_key: a, secret_key: b, region: c}}\nclusters:\n  b: {endpoint: https://b, auth_user: u, auth_password: p}\n'
  )
];

/** One to four random changes of a text. */
export function mutate(text: string, next: (below: number) => number): string {
  let result = text;
  for (let i = 1 + next(4); i > 0; i--) {
    const at = next(result.length + 1);
    const size = next(12);
    switch (next(6)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + size);
        break;
      case 1:
        result = result.slice(0, at) + PIECES[next(PIECES.length)] + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + PIECES[next(PIECES.length)] + result.slice(at + size);
        break;
      case 3: {
        const lines = result.split('\n');
        const line = next(lines.length);
        lines.splice(next(lines.length), 0, lines[line]);
        result = lines.join('\n');
        break;
      }
      case 4: {
        const lines = result.split('\n');
        lines.splice(next(lines.length), 1 + next(3));
        result = lines.join('\n');
        break;
      }
      default: {
        const lines = result.split('\n');
        const line = next(lines.length);
        lines[line] = next(2) === 0 ? ' '.repeat(next(8)) + lines[line] : lines[line].slice(next(6));
        result = lines.join('\n');
      }
    }
  }
  return result;
}
