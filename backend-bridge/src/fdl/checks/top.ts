import { checkFields } from './fields';
import { CLUSTER_FIELDS, PROVIDER_FIELDS, TOP_LEVEL } from '../tables';
import { isMap, join } from '../pointer';
import { listing, type Reporter } from './reporter';
import { nearest } from './suggest';
import type { ICheckContext, IFdlDocument } from '../types';
import { dialectOf } from '../version';

/** True for what stands for a secret without being one. */
export function isPlaceholder(text: string): boolean {
  return text === '' || /^(x+|\*+|<.*>|\$\{?\w+\}?|\{\{.*\}\}|hidden|change_?me|your[-_ ].*)$/i.test(text.trim());
}

/** Checks what stands beside the services: unknown sections, providers, clusters. */
export function checkTop(document: IFdlDocument, context: ICheckContext, reporter: Reporter): void {
  if (!isMap(document.value)) {
    return;
  }
  for (const key of Object.keys(document.value)) {
    if (!(TOP_LEVEL as readonly string[]).includes(key)) {
      if (key === 'storages' || key === 'provider') {
        reporter.add({
          code: 'legacy-providers',
          at: join('', key),
          on: 'key',
          severity: 'warning',
          message: `${key} is the form of SCAR before 4. Write storage_providers: the type, below it the id, below it the settings.`
        });
        continue;
      }
      const meant = nearest(key, TOP_LEVEL);
      const free = meant !== undefined && !Object.hasOwn(document.value, meant);
      reporter.add({
        code: 'unknown-key',
        at: join('', key),
        on: 'key',
        severity: free ? 'error' : 'warning',
        message: `${key} is not a part of an FDL file. ${meant ? `Did you mean ${meant}?` : `Its parts are ${listing(TOP_LEVEL)}.`}`,
        fix: free ? reporter.rename(join('', key), meant) : undefined
      });
    }
  }
  const functions = document.value.functions;
  if (isMap(functions)) {
    for (const key of Object.keys(functions)) {
      if (key !== 'oscar' && key !== 'aws') {
        const at = join('/functions', key);
        const meant = nearest(key, ['oscar', 'aws']);
        reporter.add({
          code: 'unknown-key',
          at,
          on: 'key',
          message: `functions.${key} is not known. Services for OSCAR stand below oscar, functions for AWS below aws.`,
          fix: meant && !Object.hasOwn(functions, meant) ? reporter.rename(at, meant) : undefined
        });
      }
    }
  }
  checkProviders(document, context, reporter);
  for (const id of Object.keys(document.clusters)) {
    const at = join('/clusters', id);
    const cluster = document.clusters[id];
    checkFields(cluster, CLUSTER_FIELDS, at, { document, reporter, dialect: dialectOf(context.version) }, 'A cluster');
    for (const key of ['auth_user', 'auth_password', 'auth_token']) {
      const value = cluster[key];
      if (typeof value === 'string' && !isPlaceholder(value)) {
        reporter.warning(
          'cluster-credentials',
          join(at, key),
          `Credentials do not belong into a file that is shared. Remove ${key}: clusters are added with their credentials once, and nothing of this goes to any service.`
        );
      }
    }
  }
}

function checkProviders(document: IFdlDocument, context: ICheckContext, reporter: Reporter): void {
  for (const type of Object.keys(document.storageProviders)) {
    const fields = Object.hasOwn(PROVIDER_FIELDS, type) ? PROVIDER_FIELDS[type] : undefined;
    if (!fields) {
      const at = join('/storage_providers', type);
      const meant = nearest(type, Object.keys(PROVIDER_FIELDS));
      reporter.add({
        code: 'unknown-provider-type',
        at,
        on: 'key',
        message: `${type} is not a type of storage. The types are ${listing(Object.keys(PROVIDER_FIELDS))}.`,
        fix: meant ? reporter.rename(at, meant) : undefined
      });
      continue;
    }
    for (const id of Object.keys(document.storageProviders[type])) {
      const at = join('/storage_providers', type, id);
      const settings = document.storageProviders[type][id];
      if (type === 'minio' && id === 'default') {
        reporter.add({
          code: 'provider-overwritten',
          at,
          on: 'key',
          severity: 'information',
          message: "minio.default is always the cluster's own storage. Remove this, or give it another id."
        });
        continue;
      }
      checkFields(
        settings,
        fields,
        at,
        { document, reporter, dialect: dialectOf(context.version) },
        `The provider ${type}.${id}`
      );
      for (const key of ['secret_key', 'token', 'password', 'refresh_token']) {
        const value = settings[key];
        if (typeof value === 'string' && !isPlaceholder(value)) {
          reporter.warning(
            'secret-in-plain-text',
            join(at, key),
            `A secret stands here in plain text. Do not share or commit this file; services that use ${type}.${id} show it to everybody who may read them.`
          );
        }
      }
      if (type === 'webdav' && typeof settings.hostname === 'string' && settings.hostname.includes('://')) {
        const host = settings.hostname.replace(/^\w+:\/\//, '');
        reporter.error(
          'bad-value',
          join(at, 'hostname'),
          `hostname is written without https://. Write ${host}.`,
          reporter.replace(join(at, 'hostname'), host)
        );
      }
    }
  }
}
