import { parseFdl, type IFdlDocument, type IOscarService } from '../../src/fdl';

/** A valid file with one service; `extra` are further lines of it, indented by six spaces here. */
export function fdl(extra = '', top = ''): string {
  const lines = extra === '' ? '' : extra.replace(/^(?=.)/gm, '      ') + '\n';
  return `functions:
  oscar:
  - default-cluster:
      name: cowsay
      image: ghcr.io/grycap/cowsay
      script: script.sh
${lines}${top}`;
}

export function read(text: string): IFdlDocument {
  return parseFdl(text, { file: 'fdl.yaml' }).document;
}

/** Puts the lines of a text between two columns, as an editor would do with a fix. */
export function applyFix(
  text: string,
  edits: { line: number; column: number; endLine: number; endColumn: number; text: string }[]
): string {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\n') {
      starts.push(i + 1);
    }
  }
  let result = text;
  for (const edit of [...edits].sort((a, b) => b.line - a.line || b.column - a.column)) {
    const from = starts[edit.line - 1] + edit.column - 1;
    const to = starts[edit.endLine - 1] + edit.endColumn - 1;
    result = result.slice(0, from) + edit.text + result.slice(to);
  }
  return result;
}

/** What a cluster answers after it was sent a service: defaults filled in, secrets hidden. */
export function deployed(sent: Partial<IOscarService>, more: Partial<IOscarService> = {}): IOscarService {
  const secrets = Object.fromEntries(Object.keys(sent.environment?.secrets ?? {}).map(name => [name, '']));
  return {
    cluster_id: '',
    memory: '256Mi',
    cpu: '0.2',
    total_memory: '',
    total_cpu: '',
    ephemeral_storage_request: '',
    enable_gpu: false,
    enable_sgx: false,
    image_prefetch: false,
    synchronous: { min_scale: 0, max_scale: 0 },
    log_level: 'INFO',
    alpine: false,
    token: '0'.repeat(64),
    file_stage_in: false,
    input: [],
    output: [],
    expose: {
      min_scale: 0,
      max_scale: 0,
      cpu_threshold: 0,
      rewrite_target: false,
      default_command: false,
      set_auth: false,
      health_path: ''
    },
    annotations: {},
    vo: '',
    owner: 'cluster_admin',
    namespace: 'oscar-svc',
    interlink_node_name: '',
    visibility: 'private',
    allowed_users: [],
    isolation_level: '',
    bucket_list: [],
    mount: { storage_provider: '', path: '' },
    volume_status: { enabled: false },
    ...sent,
    environment: { variables: { ...sent.environment?.variables }, secrets },
    labels: {
      applicationId: String(sent.name),
      'oscar.grycap/user-service': 'true',
      oscar_service: String(sent.name),
      owner_name: 'oscar',
      queue: `root.oscar-queue.${sent.name}`,
      ...sent.labels
    },
    storage_providers: {
      minio: {
        default: {
          endpoint: 'https://minio-service.minio:9000',
          verify: true,
          access_key: 'hidden',
          secret_key: 'hidden',
          region: 'us-east-1'
        }
      },
      ...sent.storage_providers
    },
    ...more
  } as IOscarService;
}
