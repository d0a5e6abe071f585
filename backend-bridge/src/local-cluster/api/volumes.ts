import { mkdirSync, rmSync } from 'node:fs';
import type { IOscarService } from '../../fdl/service';
import { empty, fail, type IReply, json, readJson } from './http';
import { ADMIN_OWNER, type Caller, type IContext, type Manager } from './manager';
import { isDnsLabel, namespaceOf } from './names';
import { formatBytes, parseQuantity } from './quantity';
import { isPositive } from './service-check';
import type { IVolume } from './state';
import { VolumeRequest } from './types';

const NOT_VALID = 'The volume specification is not valid: ';

/** `GET /system/volumes` */
export function listVolumes(context: IContext): IReply {
  const { manager, caller } = context;
  return json(
    200,
    manager.state.volumes(namespaceOf(caller.uid)).map(volume => shown(manager, volume))
  );
}

/** `GET /system/volumes/:volume` */
export function readVolume(context: IContext): IReply {
  const volume = context.manager.state.volume(namespaceOf(context.caller.uid), context.params.volume) ?? fail(404);
  return json(200, shown(context.manager, volume));
}

/** `POST /system/volumes` */
export async function createVolume(context: IContext): Promise<IReply> {
  const { manager, caller } = context;
  const { name, size } = await readJson<{ name: string; size: string }>(context.request, VolumeRequest, NOT_VALID);
  const missing = [
    ['Name', name],
    ['Size', size]
  ].filter(([, value]) => value === '');
  if (missing.length > 0) {
    const problem = (field: string): string =>
      `Key: 'ManagedVolumeCreateRequest.${field}' Error:Field validation for '${field}' failed on the 'required' tag`;
    fail(400, NOT_VALID + missing.map(([field]) => problem(field)).join('\n'));
  }
  if (!isDnsLabel(name)) {
    fail(400, 'volume.name must satisfy Kubernetes DNS-1123 naming rules');
  }
  if (!isPositive(size)) {
    fail(400, 'volume.size must be a valid positive quantity');
  }
  const namespace = namespaceOf(caller.uid);
  if (manager.state.volume(namespace, name)) {
    fail(409, 'volume already exists in caller namespace');
  }
  checkQuota(manager, caller, name, size, '');
  const volume: IVolume = { namespace, name, size, owner_user: caller.uid ?? ADMIN_OWNER, creation_mode: 'api' };
  makeFolder(manager, volume);
  manager.state.putVolume(volume);
  return json(201, shown(manager, volume));
}

/** `DELETE /system/volumes/:volume`. One that is not there is deleted, too. */
export function deleteVolume(context: IContext): IReply {
  const { manager, caller, params } = context;
  const namespace = namespaceOf(caller.uid);
  if (attachments(manager, namespace, params.volume).length > 0) {
    fail(400, 'managed volume is still attached to one or more services');
  }
  const volume = manager.state.volume(namespace, params.volume);
  if (volume) {
    remove(manager, volume);
  }
  return empty(204);
}

function shown(manager: Manager, volume: IVolume): object {
  const attached = attachments(manager, volume.namespace, volume.name);
  return {
    name: volume.name,
    namespace: volume.namespace,
    pvc_name: volume.name,
    size: volume.size,
    owner_user: volume.owner_user,
    ...(volume.created_by_service ? { created_by_service: volume.created_by_service } : {}),
    creation_mode: volume.creation_mode,
    ...(volume.lifecycle_policy ? { lifecycle_policy: volume.lifecycle_policy } : {}),
    ...(attached.length > 0 ? { attachments: attached } : {}),
    status: attached.length > 0 ? { phase: 'in_use', attachment_count: attached.length } : { phase: 'ready' }
  };
}

function attachments(
  manager: Manager,
  namespace: string,
  name: string
): { service_name: string; mount_path: string }[] {
  return manager.state
    .services()
    .filter(service => service.namespace === namespace && service.volume?.name === name)
    .map(service => ({ service_name: service.name, mount_path: service.volume?.mount_path ?? '' }));
}

/** Makes or finds the volume of a new service; true when it was made. @throws ReplyError */
export function claimVolume(manager: Manager, service: IOscarService, caller: Caller): boolean {
  const wanted = service.volume;
  const namespace = service.namespace ?? namespaceOf(caller.uid);
  if (!wanted?.name) {
    return false;
  }
  const existing = manager.state.volume(namespace, wanted.name);
  if (!wanted.size) {
    if (!existing) {
      fail(400, 'Referenced volume does not exist in the caller namespace');
    }
    return false;
  }
  if (existing) {
    if (manager.strict) {
      // What the real manager rolls back after this error is the volume that was there before, with its data.
      remove(manager, existing);
    }
    fail(409, 'A managed volume with the provided name already exists');
  }
  checkQuota(manager, caller, wanted.name, wanted.size, 'Error creating the service: ');
  const volume: IVolume = {
    namespace,
    name: wanted.name,
    size: wanted.size,
    owner_user: caller.uid ?? ADMIN_OWNER,
    created_by_service: service.name,
    creation_mode: 'service',
    lifecycle_policy: (wanted.lifecycle_policy as IVolume['lifecycle_policy']) ?? 'delete'
  };
  makeFolder(manager, volume);
  manager.state.putVolume(volume);
  return true;
}

/** A volume that was made with a service goes with it, unless it is to be retained or others use it. */
export function releaseVolume(manager: Manager, service: IOscarService): void {
  const volume = service.volume?.name && manager.state.volume(service.namespace ?? '', service.volume.name);
  if (
    volume &&
    volume.created_by_service === service.name &&
    volume.lifecycle_policy === 'delete' &&
    attachments(manager, volume.namespace, volume.name).every(each => each.service_name === service.name)
  ) {
    remove(manager, volume);
  }
}

export function volumeStatusOf(manager: Manager, service: IOscarService): IOscarService['volume_status'] {
  const name = service.volume?.name;
  if (!name) {
    return { enabled: false };
  }
  return manager.state.volume(service.namespace ?? '', name)
    ? { enabled: true, name, phase: 'in_use' }
    : { enabled: true, name, phase: 'error', error: `persistentvolumeclaims "${name}" not found` };
}

function makeFolder(manager: Manager, volume: IVolume): void {
  mkdirSync(manager.options.volumeFolder(volume.namespace, volume.name), { recursive: true, mode: 0o700 });
}

function remove(manager: Manager, volume: IVolume): void {
  manager.state.removeVolume(volume.namespace, volume.name);
  rmSync(manager.options.volumeFolder(volume.namespace, volume.name), { recursive: true, force: true });
}

/** The administrator has no quota. */
function checkQuota(manager: Manager, caller: Caller, name: string, size: string, prefix: string): void {
  const quota = caller.admin ? undefined : manager.state.user(caller.uid)?.quota;
  if (!quota) {
    return;
  }
  const wanted = parseQuantity(size) ?? 0;
  const used = usedVolumes(manager, caller.uid ?? '');
  const max = parseQuantity(quota.disk) ?? 0;
  const forbidden = (word: string, limit: string): never =>
    fail(
      500,
      `${prefix}persistentvolumeclaims "${name}" is forbidden: ${word} storage usage per PersistentVolumeClaim is ${limit}, but request is ${size}`
    );
  if (prefix === '') {
    if (used.bytes + wanted > max) {
      fail(400, `not enough volume disk quota: requested ${size}, available ${formatBytes(max - used.bytes)}`);
    }
    if (used.count + 1 > Number(quota.volumes)) {
      fail(
        400,
        `not enough volume count quota: requested 1, available ${Math.max(0, Number(quota.volumes) - used.count)}`
      );
    }
  }
  if (wanted > (parseQuantity(quota.max_disk_per_volume) ?? Infinity)) {
    forbidden('maximum', quota.max_disk_per_volume);
  }
  if (wanted < (parseQuantity(quota.min_disk_per_volume) ?? 0)) {
    forbidden('minimum', quota.min_disk_per_volume);
  }
  if (used.bytes + wanted > max || used.count + 1 > Number(quota.volumes)) {
    fail(500, `${prefix}persistentvolumeclaims "${name}" is forbidden: exceeded quota: ${caller.uid}`);
  }
}

export function usedVolumes(manager: Manager, uid: string): { bytes: number; count: number } {
  const volumes = manager.state.volumes(namespaceOf(uid));
  return { bytes: volumes.reduce((sum, volume) => sum + (parseQuantity(volume.size) ?? 0), 0), count: volumes.length };
}
