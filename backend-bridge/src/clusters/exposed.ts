import type { Readable } from 'node:stream';
import { isExposed } from '../fdl';
import { BridgeError, addSecret, type IUpgraded } from '../http';
import { requireService } from './jobs';
import type { ClusterConnection } from './connection';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'cookie',
  'set-cookie',
  'authorization'
]);

/** Where a path of an exposed service is, and what opens its door. */
async function door(
  cluster: ClusterConnection,
  name: string,
  path: string
): Promise<{ path: string; authorization: Record<string, string> }> {
  const service = await requireService(cluster, name);
  if (!isExposed(service)) {
    throw new BridgeError({
      type: 'not-found',
      title: 'Not an exposed service',
      status: 404,
      detail: `"${name}" is not an exposed service.`,
      action: 'Invoke it instead.'
    });
  }
  addSecret(service.token);
  const basic = Buffer.from(`${name}:${service.token}`).toString('base64');
  addSecret(basic);
  return {
    path: `/system/services/${encodeURIComponent(name)}/exposed/${path.replace(/^\/+/, '')}`,
    authorization: !service.expose.set_auth
      ? {}
      : { Authorization: service.expose.auth_type === 'forward' ? `Bearer ${service.token}` : `Basic ${basic}` }
  };
}

/** Sends a request on to an exposed service, with its own token and nothing of the caller's credentials. */
export async function callExposed(
  cluster: ClusterConnection,
  name: string,
  request: {
    method: string;
    path: string;
    headers: Record<string, string>;
    body?: Readable | Buffer;
    signal?: AbortSignal;
    timeout?: number;
  }
): Promise<{ status: number; headers: Record<string, string>; body: Readable }> {
  const { path, authorization } = await door(cluster, name, request.path);
  const sent = Object.entries(request.headers).filter(([key]) => !HOP_BY_HOP.has(key.toLowerCase()));
  const answer = await cluster.client.http.stream({
    method: request.method,
    path,
    headers: { ...Object.fromEntries(sent), ...authorization },
    body: request.body,
    signal: request.signal,
    timeout: request.timeout ?? 120_000,
    idempotent: false,
    passThrough: true
  });
  return {
    ...answer,
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([key]) => !HOP_BY_HOP.has(key)))
  };
}

/** As `callExposed`, for a WebSocket. */
export async function upgradeExposed(
  cluster: ClusterConnection,
  name: string,
  request: { path: string; headers: Record<string, string>; signal?: AbortSignal }
): Promise<IUpgraded> {
  const { path, authorization } = await door(cluster, name, request.path);
  return cluster.client.http.upgrade(path, { ...request.headers, ...authorization }, request.signal);
}
