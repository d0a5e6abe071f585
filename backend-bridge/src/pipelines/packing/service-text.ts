/** How a service is called: a job for each file; answers at once; a server that stays. */
export type PackMode = 'async' | 'sync' | 'exposed';

export interface IServiceForm {
  name: string;
  image: string;
  mode: PackMode;
  /** Endings of the files it takes; empty: all. */
  suffixes: string[];
  cpu: string;
  memory: string;
  /** Of an exposed service: answers when it is ready. */
  healthPath: string;
}

/** Text of fdl.yaml. */
export function fdlText(form: IServiceForm): string {
  const { name } = form;
  const head =
    form.mode === 'exposed'
      ? `# ${name}: a server behind a path of the cluster.`
      : `# ${name}: each file in ${name}/in starts a job, and what the job writes lands in ${name}/out.`;
  const lines = [
    head,
    'functions:',
    '  oscar:',
    '  - default-cluster:',
    `      name: ${scalar(name)}`,
    `      image: ${scalar(form.image)}`,
    '      script: script.sh',
    `      memory: ${scalar(form.memory)}`,
    `      cpu: '${form.cpu.replace(/'/g, "''")}'`
  ];
  if (form.mode !== 'exposed') {
    lines.push('      # What the supervisor says would mix with the answer.', '      log_level: CRITICAL');
  }
  if (form.mode === 'sync') {
    lines.push('      synchronous:', '        min_scale: 0', '        max_scale: 3');
  }
  lines.push(
    '      annotations:',
    '        # On the cluster of this machine: as a process, in a Python environment made from requirements.txt.',
    '        jupyterlab-oscar/runtime: process'
  );
  if (form.mode === 'exposed') {
    lines.push(
      '      expose:',
      '        min_scale: 1',
      '        max_scale: 1',
      '        cpu_threshold: 80',
      '        api_port: [8080]',
      '        rewrite_target: false',
      '        set_auth: true',
      '        default_command: false',
      `        health_path: ${form.healthPath}`
    );
  } else {
    lines.push('      input:', '      - storage_provider: minio.default', `        path: ${name}/in`);
    lines.push('      output:', '      - storage_provider: minio.default', `        path: ${name}/out`);
  }
  return `${lines.join('\n')}\n`;
}

/** The image that a cluster needs: what the service is made for, and its packages. */
export function dockerfile(image: string): string {
  return [
    '# The image for clusters that run containers: build it, push it where they can pull it, and name it in fdl.yaml.',
    `FROM ${image}`,
    'COPY requirements.txt /tmp/requirements.txt',
    'RUN pip install --no-cache-dir -r /tmp/requirements.txt && rm /tmp/requirements.txt',
    ''
  ].join('\n');
}

/** A value that YAML reads as the text that it is. */
function scalar(text: string): string {
  return /^[a-z][\w./:@-]*$/i.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text) && !text.endsWith(':')
    ? text
    : /^\d+(\.\d+)?[A-Za-z]+$/.test(text) && !/^\d+(\.\d+)?e/i.test(text)
      ? text
      : `'${text.replace(/'/g, "''")}'`;
}
