import type { ImTemplate, Infrastructure, InfrastructurePlan, ImVm } from '../../contract';

export function vm(id: string, change: Partial<ImVm> = {}): ImVm {
  return {
    id,
    role: id === '0' ? 'front' : 'wn',
    frontEnd: id === '0',
    state: 'configured',
    cpus: 2,
    memory: 4 * 2 ** 30,
    addresses: [],
    ...change
  };
}

export function infrastructure(id: string, change: Partial<Infrastructure> = {}): Infrastructure {
  return {
    id,
    name: `name-${id}`,
    state: 'configured',
    cloud: 'OpenStack',
    oscar: true,
    vms: [vm('0'), vm('1')],
    owners: ['ada'],
    createdAt: '2026-01-01T00:00:00Z',
    revision: 1,
    steps: [],
    outputs: [],
    foreign: false,
    ...change
  };
}

export const TEMPLATE: ImTemplate = {
  id: 'package:oscar',
  title: 'OSCAR, small',
  kind: 'tosca',
  source: 'package',
  oscar: true,
  addons: [{ id: 'gpu', title: 'GPUs', experimental: 'Drivers may be missing.' }],
  tabs: [
    {
      title: 'Machines',
      fields: [
        { name: 'wn_num', title: 'Worker number', type: 'integer', required: true, default: 1, minimum: 1 },
        { name: 'gpu', title: 'GPU', type: 'boolean', required: false, default: false },
        { name: 'gpu_num', title: 'GPU number', type: 'integer', required: true, enabledBy: 'gpu' }
      ]
    },
    {
      title: 'Network',
      fields: [
        { name: 'domain_name', title: 'Domain name', type: 'text', required: true },
        { name: 'old', title: 'Old', type: 'text', required: false, ignored: true, hidden: true }
      ]
    }
  ]
};

export const PLAN: InfrastructurePlan = {
  name: 'oscar',
  vms: [
    { role: 'front', count: 1, cpus: 4, memory: 8 * 2 ** 30, disk: 20 * 2 ** 30, publicIp: true },
    { role: 'wn', count: 2, cpus: 2, memory: 4 * 2 ** 30, publicIp: false }
  ],
  quotas: [
    { resource: 'cores', used: 10, needed: 8, limit: 20, fits: true },
    { resource: 'ram (GiB)', used: 10, needed: 16, limit: 20, fits: false }
  ],
  fits: false,
  costNote: 'IM knows no prices: look at those of your cloud.',
  warnings: ['The name has to point to the front end.'],
  problems: [],
  template: 'tosca_definitions_version: tosca_simple_yaml_1_0'
};
