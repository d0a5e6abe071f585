import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { IOscarService } from '../../fdl/service';

/** What `/oscar/config` holds, on disk. */
export interface IServiceFiles {
  folder: string;
  script: string;
  /** Base64 of function_config.yaml, as the supervisor reads FUNCTION_CONFIG. */
  config: string;
}

/** Writes `/oscar/config` of services, once for each version of a service. */
export class ServiceFiles {
  constructor(private readonly _folder: string) {
    // Left from the last run: every version is written again when it is needed.
    rmSync(_folder, { recursive: true, force: true });
    mkdirSync(_folder, { recursive: true, mode: 0o700 });
  }

  get(service: IOscarService): IServiceFiles {
    const cached = this._cache.get(service.name);
    // The same text, not the same object: the manager makes a new one each time it is asked.
    const text = JSON.stringify(service);
    if (cached && cached.text === text && existsSync(cached.files.script)) {
      return cached.files;
    }
    const config = stringify(publicView(service));
    const hash = createHash('sha256').update(config).update('\0').update(service.script).digest('hex').slice(0, 16);
    const folder = join(this._folder, hash);
    const files = { folder, script: join(folder, 'script.sh'), config: Buffer.from(config).toString('base64') };
    if (!existsSync(folder)) {
      const temporary = `${folder}.new`;
      mkdirSync(temporary, { recursive: true, mode: 0o700 });
      writeFileSync(join(temporary, 'function_config.yaml'), config, { mode: 0o600 });
      // Executable: exposed services run it by its first line.
      writeFileSync(join(temporary, 'script.sh'), service.script, { mode: 0o700 });
      renameSync(temporary, folder);
    }
    this._cache.set(service.name, { text, files });
    return files;
  }

  private readonly _cache = new Map<string, { text: string; files: IServiceFiles }>();
}

/** As the manager stores it: no script, no values of secrets, the own keys hidden. */
function publicView(service: IOscarService): Record<string, unknown> {
  const { secrets } = service.environment;
  const own = service.storage_providers?.minio?.default;
  return {
    ...service,
    script: '',
    environment: {
      ...service.environment,
      secrets: Object.fromEntries(Object.keys(secrets ?? {}).map(name => [name, '']))
    },
    ...(own
      ? {
          storage_providers: {
            ...service.storage_providers,
            minio: {
              ...service.storage_providers?.minio,
              default: { ...own, access_key: 'hidden', secret_key: 'hidden' }
            }
          }
        }
      : {})
  };
}
