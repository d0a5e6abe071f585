/** Keys that people write, and the field they mean. */
export const MISNOMERS: Readonly<Record<string, string>> = {
  init_script: 'script',
  script: 'init_script',
  container: 'image',
  container_image: 'image',
  ram: 'memory',
  cpus: 'cpu',
  gpu: 'enable_gpu',
  inputs: 'input',
  outputs: 'output',
  env: 'environment',
  ports: 'expose',
  volumes: 'volume',
  loglevel: 'log_level',
  port: 'api_port',
  container_port: 'api_port',
  healthpath: 'health_path',
  provider: 'storage_provider',
  storage: 'storage_provider',
  bucket: 'path',
  folder: 'path',
  members: 'federation'
};
