import type { ComputeRequest } from '../../contract';
import { readMarlaConfig, type IConfigured } from '../mapreduce/marla-config';
import { invalid } from '../mapreduce/places';
import { readTascaasConfig } from './tascaas-config';

/**
 * A request with what its configuration file says. What the request says itself is stronger.
 *
 * @throws BridgeError for a configuration that is wrong, or of the other kind of job.
 */
export function withConfig(request: ComputeRequest): { request: ComputeRequest; notes: string[] } {
  const { config, ...own } = request;
  if (config === undefined) {
    return { request, notes: [] };
  }
  const wanted = config.format === 'marla' ? 'mapreduce' : 'htc';
  if (request.kind !== wanted) {
    throw invalid(
      `A configuration of ${config.format === 'marla' ? 'MARLA' : 'TaScaaS'} is for ${wanted} jobs.`,
      `Begin a ${wanted} job with it.`
    );
  }
  const { fields, notes }: IConfigured =
    config.format === 'marla' ? readMarlaConfig(config.text) : readTascaasConfig(config.text, request.cwd);
  return {
    request: {
      ...fields,
      ...own,
      ...(fields.mapreduce || own.mapreduce ? { mapreduce: { ...fields.mapreduce, ...own.mapreduce } } : {}),
      ...(fields.htc || own.htc ? { htc: { ...fields.htc, ...own.htc } } : {})
    },
    notes
  };
}
