import { checkEnvironment } from './environment';
import { checkExpose } from './expose';
import { checkImage } from './image';
import { checkFields } from './fields';
import { cleanName, MAX_NAME, NAME_PATTERN } from './names';
import { checkScript } from './script';
import { checkStorage } from './storage';
import { SERVICE_FIELDS } from '../tables';
import { parseQuantity } from '../quantity';
import { asList, asMap, asText, isMap, without, join, textOf } from '../pointer';
import { listing, type Reporter } from './reporter';
import { nearest } from './suggest';
import type { ICheckContext, IFdlDocument, IFdlEntry } from '../types';
import { dialectOf, type IDialect } from '../version';

/** Everything about one service that can be said without the others. */
export function checkEntry(entry: IFdlEntry, document: IFdlDocument, context: ICheckContext, reporter: Reporter): void {
  const { service, pointer } = entry;
  const dialect = dialectOf(context.version);
  const skip = [
    'input',
    'output',
    'mount',
    ...(dialect.federation ? ['replicas', 'delegation', 'rescheduler_threshold'] : [])
  ];
  checkFields(
    without(service, 'environment'),
    SERVICE_FIELDS,
    pointer,
    { document, reporter, dialect, skip },
    'A service'
  );
  checkName(entry, document, reporter);
  checkImage(entry.service.image, join(entry.pointer, 'image'), reporter);
  checkEnvironment(entry, document, dialect, reporter);
  checkOldForms(entry, dialect, reporter);
  checkSharing(entry, reporter);
  checkVolume(entry, reporter);
  checkLabels(entry, reporter);
  checkFederation(entry, reporter);
  checkExpose(entry, dialect, reporter);
  checkStorage(entry, document, dialect, reporter);
  checkScript(entry, document, context, reporter);
  for (const key of ['storage_providers', 'clusters']) {
    if (service[key] !== undefined) {
      reporter.add({
        code: 'misplaced-key',
        at: join(pointer, key),
        on: 'key',
        severity: 'warning',
        message: `${key} belongs to the top level of the file, beside functions. Here it is ignored.`
      });
    }
  }
  if (
    context.clusterIds &&
    entry.clusterId !== '' &&
    entry.clusterId !== 'default-cluster' &&
    !context.clusterIds.includes(entry.clusterId)
  ) {
    const meant = nearest(entry.clusterId, [...context.clusterIds, 'default-cluster']);
    reporter.add({
      code: 'unknown-cluster',
      at: pointer,
      on: 'key',
      severity: 'information',
      message: `There is no cluster ${entry.clusterId} here (there ${context.clusterIds.length === 1 ? 'is' : 'are'} ${listing(context.clusterIds)}). The service goes to the cluster that is chosen; write default-cluster to say so.`,
      fix: reporter.rename(pointer, meant ?? 'default-cluster')
    });
  }
}

function checkName(entry: IFdlEntry, document: IFdlDocument, reporter: Reporter): void {
  const at = join(entry.pointer, 'name');
  const name = textOf(document, at, entry.service.name);
  if (name === undefined || name === '') {
    return;
  }
  if (name.length > MAX_NAME) {
    reporter.error('bad-name', at, `The name has ${name.length} characters, and at most ${MAX_NAME} are allowed.`);
  } else if (!NAME_PATTERN.test(name)) {
    const clean = cleanName(name);
    reporter.error(
      'bad-name',
      at,
      `A name has lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen.${clean ? ` Write ${clean}.` : ''}`,
      clean ? reporter.replace(at, clean) : undefined
    );
  }
}

function checkOldForms(entry: IFdlEntry, dialect: IDialect, reporter: Reporter): void {
  if (!dialect.federation) {
    return;
  }
  for (const key of ['replicas', 'delegation', 'rescheduler_threshold']) {
    if (entry.service[key] !== undefined) {
      reporter.add({
        code: 'old-replicas',
        at: join(entry.pointer, key),
        on: 'key',
        severity: 'warning',
        message: `Since OSCAR 4.1 ${key} is a part of federation. Write federation: with ${key === 'replicas' ? 'members' : key} below it.`
      });
    }
  }
}

function checkSharing(entry: IFdlEntry, reporter: Reporter): void {
  const { service, pointer } = entry;
  const users = asList(service.allowed_users).filter(user => typeof user === 'string' && user.trim() !== '');
  if (service.visibility === 'restricted' && users.length === 0) {
    reporter.add({
      code: 'restricted-to-nobody',
      at: join(pointer, 'visibility'),
      severity: 'warning',
      message: 'Nobody but you can use a restricted service without allowed_users. List them, or write private.'
    });
  }
  if (
    users.length > 0 &&
    service.visibility !== 'restricted' &&
    asText(service.isolation_level).toUpperCase() !== 'USER'
  ) {
    reporter.add({
      code: 'allowed-users-unused',
      at: join(pointer, 'allowed_users'),
      on: 'key',
      severity: 'warning',
      message: 'allowed_users counts for restricted services only. Write visibility: restricted.'
    });
  }
  if (service.visibility === 'public') {
    reporter.add({
      code: 'public-service',
      at: join(pointer, 'visibility'),
      severity: 'information',
      message: 'Every user of the cluster can use a public service and read and write its buckets.'
    });
  }
}

function checkVolume(entry: IFdlEntry, reporter: Reporter): void {
  const volume = entry.service.volume;
  const at = join(entry.pointer, 'volume');
  if (!isMap(volume)) {
    return;
  }
  const path = volume.mount_path;
  const hasName = volume.name !== undefined && volume.name !== null && volume.name !== '';
  const hasSize = volume.size !== undefined && volume.size !== null && volume.size !== '';
  if (!hasName && !hasSize) {
    reporter.add({
      code: 'volume-incomplete',
      at,
      on: 'key',
      message: 'A volume needs a name (of one that exists) or a size (for a new one).'
    });
  }
  if (hasName && !(typeof volume.name === 'string' && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(volume.name))) {
    reporter.error(
      'bad-volume-name',
      join(at, 'name'),
      'The name of a volume has lower-case letters, digits and hyphens, at most 63.'
    );
  }
  if (typeof path === 'string' && path !== '') {
    if (!path.startsWith('/')) {
      reporter.error(
        'volume-path',
        join(at, 'mount_path'),
        `mount_path has to be an absolute path. Write /${path}.`,
        reporter.replace(join(at, 'mount_path'), `/${path}`)
      );
    } else if (/^\/oscar\/(config|bin)(\/|$)/.test(path) || path === '/oscar' || /^\/+$/.test(path)) {
      reporter.error(
        'volume-path',
        join(at, 'mount_path'),
        `${path} is used by OSCAR itself. Mount the volume elsewhere, for instance at /data.`
      );
    }
  }
  if (volume.lifecycle_policy !== undefined && !hasSize) {
    reporter.add({
      code: 'volume-policy',
      at: join(at, 'lifecycle_policy'),
      on: 'key',
      message: 'lifecycle_policy counts for new volumes only. Remove it, or give a size.'
    });
  }
}

function checkLabels(entry: IFdlEntry, reporter: Reporter): void {
  for (const group of ['labels', 'annotations']) {
    const values = asMap(entry.service[group]);
    for (const name of Object.keys(values)) {
      const at = join(entry.pointer, group, name);
      if (!/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name)) {
        reporter.add({
          code: 'bad-label',
          at,
          on: 'key',
          message: `${name} is not a valid name: letters, digits, -, _ and ., at most 63 characters, with an optional prefix before a slash.`
        });
      }
      const value = values[name];
      if (
        group === 'labels' &&
        typeof value === 'string' &&
        !/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(value)
      ) {
        reporter.error(
          'bad-label',
          at,
          'The value of a label has letters, digits, -, _ and ., at most 63 characters. Longer texts go to annotations.'
        );
      }
    }
  }
}

function checkFederation(entry: IFdlEntry, reporter: Reporter): void {
  const federation = asMap(entry.service.federation);
  const members = asList(federation.members);
  const secrets = asMap(asMap(entry.service.environment).secrets);
  if (members.length > 0 && secrets.refresh_token === undefined) {
    reporter.add({
      code: 'federation-token',
      at: join(entry.pointer, 'federation'),
      on: 'key',
      message: 'A federation with members needs the secret refresh_token in environment.secrets.'
    });
  }
  members.forEach((member, index) => {
    const type = asMap(member).type;
    const needed = type === 'endpoint' ? 'url' : 'service_name';
    if (isMap(member) && !member[needed]) {
      reporter.add({
        code: 'missing-field',
        at: join(entry.pointer, 'federation', 'members', index),
        on: 'key',
        message: `A member of type ${asText(type) || 'oscar'} needs ${needed}.`
      });
    }
    if (isMap(member) && type !== 'endpoint' && !member.cluster_id) {
      reporter.add({
        code: 'missing-field',
        at: join(entry.pointer, 'federation', 'members', index),
        on: 'key',
        message: 'A member of type oscar needs cluster_id.'
      });
    }
  });
  const scale = asMap(entry.service.synchronous);
  if (
    typeof scale.max_scale === 'number' &&
    scale.max_scale > 0 &&
    typeof scale.min_scale === 'number' &&
    scale.min_scale > scale.max_scale
  ) {
    reporter.error('scale-order', join(entry.pointer, 'synchronous', 'min_scale'), 'min_scale is more than max_scale.');
  }
  if (entry.service.file_stage_in === true && asList(entry.service.input).length > 0) {
    reporter.add({
      code: 'stage-in',
      at: join(entry.pointer, 'file_stage_in'),
      severity: 'information',
      message: 'true means: the input file is not downloaded, and the script gets no INPUT_FILE_PATH.'
    });
  }
  const cpu = entry.service.total_cpu;
  if (
    typeof cpu === 'string' &&
    typeof entry.service.cpu === 'string' &&
    (parseQuantity(cpu) ?? Infinity) < (parseQuantity(entry.service.cpu) ?? 0)
  ) {
    reporter.warning(
      'total-too-small',
      join(entry.pointer, 'total_cpu'),
      'total_cpu is less than the cpu of one job: no job can start.'
    );
  }
}
