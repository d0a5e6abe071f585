import type { TranslationBundle } from '@jupyterlab/translation';

import type { Infrastructure, InfrastructureStep, ImVm, TokenInfo, VmState } from '../contract';

export function vmStateWord(state: VmState, trans: TranslationBundle): string {
  switch (state) {
    case 'pending':
      return trans.__('Waiting for the cloud');
    case 'running':
      return trans.__('Being configured');
    case 'configured':
      return trans.__('Ready');
    case 'unconfigured':
      return trans.__('Configuration failed');
    case 'stopped':
      return trans.__('Stopped');
    case 'off':
      return trans.__('Off');
    case 'failed':
      return trans.__('Failed');
    case 'unknown':
      return trans.__('State unknown');
    case 'deleting':
      return trans.__('Being deleted');
    case 'deleted':
      return trans.__('Deleted');
  }
}

/** As `toneOf` knows it. */
export function vmTone(state: VmState): string {
  switch (state) {
    case 'configured':
      return 'ready';
    case 'pending':
    case 'running':
    case 'deleting':
      return 'running';
    case 'unconfigured':
    case 'failed':
      return 'failed';
    case 'unknown':
      return 'warning';
    default:
      return 'off';
  }
}

export function stepStateWord(state: InfrastructureStep['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'skipped':
      return trans.__('Not needed');
  }
}

/** Memory and disks of machines, in the units of clouds. */
export function gibText(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${Number(gib.toFixed(gib < 10 ? 1 : 0))} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** How large it is: `3 VMs · 6 CPUs · 12 GiB`. */
export function sizeText(item: Infrastructure, trans: TranslationBundle): string {
  const cpus = item.vms.reduce((sum, vm) => sum + (vm.cpus ?? 0), 0);
  const memory = item.vms.reduce((sum, vm) => sum + (vm.memory ?? 0), 0);
  return [
    trans._n('%1 VM', '%1 VMs', item.vms.length),
    cpus > 0 ? trans._n('%1 CPU', '%1 CPUs', cpus) : undefined,
    memory > 0 ? gibText(memory) : undefined
  ]
    .filter(Boolean)
    .join(' · ');
}

/** How long ago, in the largest unit that says something. */
export function ageText(from: string | undefined, now: number, trans: TranslationBundle): string | undefined {
  const minutes = Math.floor((now - Date.parse(from ?? '')) / 60_000);
  if (!Number.isFinite(minutes)) {
    return undefined;
  }
  if (minutes < 1) {
    return trans.__('just now');
  }
  if (minutes < 60) {
    return trans.__('%1 min old', minutes);
  }
  if (minutes < 48 * 60) {
    return trans.__('%1 h old', Math.floor(minutes / 60));
  }
  return trans._n('%1 day old', '%1 days old', Math.floor(minutes / 1440));
}

/** Workers: what a scale adds and removes. The front end is none. */
export function workersOf(item: Infrastructure): ImVm[] {
  return item.vms.filter(vm => !vm.frontEnd && vm.state !== 'deleting' && vm.state !== 'deleted');
}

/** True while VMs run that somebody may have to pay for. */
export function mayCost(item: Infrastructure): boolean {
  return item.state !== 'deleted' && item.vms.some(vm => vm.state !== 'deleted');
}

export function tokenLine(token: TokenInfo, now: number, trans: TranslationBundle): string {
  const who = token.name ?? token.subject;
  const left = token.expiresAt ? Math.round((Date.parse(token.expiresAt) - now) / 60_000) : undefined;
  switch (token.state) {
    case 'none':
      return trans.__('No token');
    case 'expired':
      return who ? trans.__('The token of %1 has expired', who) : trans.__('The token has expired');
    default: {
      const until =
        left === undefined
          ? trans.__('valid')
          : left < 120
            ? trans.__('valid for %1 min', Math.max(0, left))
            : trans.__('valid until %1', new Date(token.expiresAt ?? '').toLocaleString());
      return [who ?? trans.__('Token'), until].join(' · ');
    }
  }
}
