import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AwsProfile } from '../contract';

type Section = Record<string, string>;
type Kind = AwsProfile['kind'];

/** The profiles of `~/.aws/config` and `~/.aws/credentials`: names, kinds and regions. Keys are not looked at. */
export function readProfiles(env: NodeJS.ProcessEnv = process.env): AwsProfile[] {
  const folder = join(env['HOME'] ?? homedir(), '.aws');
  const sections = new Map<string, Section>();
  const add = (name: string, section: Section): void => {
    sections.set(name, { ...sections.get(name), ...section });
  };
  for (const [name, section] of readIni(env['AWS_CONFIG_FILE'] ?? join(folder, 'config'))) {
    const profile = /^profile\s+["']?(.*?)["']?$/.exec(name)?.[1] ?? (name === 'default' ? name : undefined);
    if (profile !== undefined) {
      add(profile, section);
    }
  }
  for (const [name, section] of readIni(env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials'))) {
    add(name, section);
  }
  return [...sections]
    .map(([name, section]) => ({
      name,
      kind: kindOf(section),
      ...(section['region'] ? { region: section['region'] } : {})
    }))
    .sort((a, b) => (a.name === 'default' ? -1 : b.name === 'default' ? 1 : a.name.localeCompare(b.name)));
}

/** Where the credentials of the default chain come from, as far as the environment tells. */
export function chainSource(profile: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const kind = (name: string): string | undefined => readProfiles(env).find(item => item.name === name)?.kind;
  if (profile !== undefined) {
    return kind(profile) ?? 'profile';
  }
  if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY'] && !env['AWS_PROFILE']) {
    return 'env';
  }
  const file = kind(env['AWS_PROFILE'] ?? 'default');
  if (file !== undefined && file !== 'other') {
    return file;
  }
  if (env['AWS_WEB_IDENTITY_TOKEN_FILE']) {
    return 'web identity';
  }
  return env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
    ? 'container'
    : 'instance';
}

function kindOf(section: Section): Kind {
  if (section['sso_session'] || section['sso_start_url']) {
    return 'sso';
  }
  if (section['role_arn']) {
    return 'role';
  }
  if (section['credential_process']) {
    return 'process';
  }
  return section['aws_access_key_id'] ? 'keys' : 'other';
}

function readIni(path: string): Map<string, Section> {
  const sections = new Map<string, Section>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // Without the file there are no profiles; one that may not be read is a matter of the chain, which says so.
    if (['ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return sections;
    }
    throw error;
  }
  let current: Section | undefined;
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[([^\]]+)\]/.exec(line);
    const pair = /^([A-Za-z0-9_-]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (head) {
      current = sections.get(head[1].trim()) ?? {};
      sections.set(head[1].trim(), current);
    } else if (pair && current) {
      current[pair[1]] = pair[2];
    }
  }
  return sections;
}
