import { mkdirSync } from 'node:fs';
import type { ICluster } from '../clusters';
import type { PlanStep } from '../contract';
import type { IPipelineRuns, IPipelineRunsOptions, IPipelineText, IPrepareOptions } from './interfaces';
import { findLeftovers, refuseOthers } from './leftovers';
import {
  callingTargets,
  checkResult,
  convertRead,
  problemsOf,
  readWithFiles,
  refuseAws,
  refuseErrors,
  servicesOf,
  type IPrepared
} from './prepare';
import { Runs } from './runs';
import { writeFolder } from './write';

/** Puts this room together. */
export function createPipelineRuns(options: IPipelineRunsOptions): IPipelineRuns {
  mkdirSync(options.state, { recursive: true, mode: 0o700 });
  const { clusters } = options;
  const clusterIds = (): string[] => clusters.registry.list().map(cluster => cluster.id);

  /** Services that the nodes of a pipeline may call, where they can be asked for. */
  const called = async (
    source: IPipelineText,
    cluster: string
  ): Promise<{ name: string; cluster: string }[] | undefined> => {
    const known = clusterIds();
    const wanted = callingTargets(source.text, source.shown, cluster).filter(id => known.includes(id));
    return wanted.length === 0 ? undefined : servicesOf(await Promise.all(wanted.map(id => options.cluster(id))));
  };

  const prepare = async (source: IPipelineText, request: IPrepareOptions = {}): Promise<IPrepared> => {
    const cluster = await options.cluster(request.cluster);
    const services = await called(source, cluster.id);
    const read = await readWithFiles(source, { target: 'oscar', clusterIds: clusterIds(), services });
    refuseErrors(read.problems);
    const conversion = convertRead(read, {
      target: 'oscar',
      cluster: cluster.id,
      user: options.user,
      services
    });
    refuseErrors(problemsOf(read, conversion));
    refuseAws(conversion);
    const secrets = await runs.secrets.collect(conversion, request.secrets ?? {}, id => options.cluster(id));
    const targets = [...new Set(conversion.services.map(service => service.target))];
    return {
      source,
      pipeline: read.pipeline as IPrepared['pipeline'],
      conversion,
      cluster: cluster.id,
      clusters: targets,
      secrets
    };
  };

  const runs = new Runs({ ...options, prepare });

  const leftoversOf = (cluster: ICluster): ReturnType<typeof findLeftovers> =>
    findLeftovers(cluster, { contentsRoot: options.contentsRoot, busy: runs.busy() });

  return {
    check: async (source, { cluster: id, target = 'oscar' } = {}) => {
      const cluster = id ?? clusters.registry.current();
      const services = await called(source, cluster);
      const read = await readWithFiles(source, { target, clusterIds: clusterIds(), services });
      const broken = !read.pipeline || read.problems.some(problem => problem.severity === 'error');
      const conversion = broken ? undefined : convertRead(read, { target, cluster, services });
      return checkResult(read, conversion);
    },
    convert: async (source, { cluster, target = 'oscar', into, overwrite } = {}) => {
      const services = cluster === undefined ? undefined : await called(source, cluster);
      // A folder that others get: it does not tell where the file lies on this machine. Its services are those of a deployment.
      const read = await readWithFiles(
        { ...source, file: source.shown },
        { target, clusterIds: clusterIds(), services }
      );
      if (!read.pipeline) {
        refuseErrors(read.problems, 'This is not a pipeline');
      }
      const conversion = convertRead(read, { target, cluster, services, place: source.file, user: options.user });
      const report = { ...conversion.report, problems: problemsOf(read, conversion) };
      const broken = report.problems.some(problem => problem.severity === 'error');
      if (into && broken) {
        refuseErrors(report.problems);
      }
      if (into) {
        await writeFolder({ folder: into.path, files: conversion.files, overwrite });
      }
      return {
        fdl: broken ? '' : conversion.fdl,
        files: (broken ? [] : conversion.files).map(({ path, content }) => ({
          path,
          size: Buffer.byteLength(content),
          ...(typeof content === 'string' ? { text: content } : {})
        })),
        ...(into ? { folder: into.shown } : {}),
        report
      };
    },
    prepare,
    deploy: async (prepared, handle) => {
      await runs.deployer.deploy(prepared, handle);
    },
    start: (source, request) => runs.start(source, request),
    list: request => runs.list(request),
    get: (id, request) => runs.get(id, request),
    cancel: id => runs.cancel(id),
    rerun: (id, request) => runs.rerun(id, request),
    remove: id => runs.remove(id),
    leftovers: async ({ cluster } = {}) => {
      if (cluster !== undefined) {
        return leftoversOf(await options.cluster(cluster));
      }
      const asked = clusters.registry.list().map(async item => {
        // A cluster that does not answer must not hide what is left on the others.
        return (await item.describe()).state === 'ready' ? leftoversOf(item) : [];
      });
      return (await Promise.all(asked)).flat();
    },
    checkLeftovers: async (cluster, services) => {
      const target = await options.cluster(cluster);
      refuseOthers(await leftoversOf(target), target.id, services);
    },
    removeLeftovers: async (id, services, data, handle = {}) => {
      const cluster = await options.cluster(id);
      refuseOthers(await leftoversOf(cluster), cluster.id, services);
      const steps: PlanStep[] = services.map(name => ({ action: 'delete', kind: 'service', name, state: 'waiting' }));
      for (const [index, name] of services.entries()) {
        handle.signal?.throwIfAborted();
        steps[index] = { ...steps[index], state: 'running' };
        handle.steps?.([...steps]);
        const result = await clusters.deleteService(cluster, name, data);
        steps[index] = {
          ...steps[index],
          state: 'done',
          reason: result.kept.length > 0 ? `kept the data in ${result.kept.join(', ')}` : 'with its data'
        };
        handle.steps?.([...steps]);
        options.onCluster?.(id);
      }
    },
    running: () => runs.running(),
    resume: request => runs.resume(request),
    close: () => runs.close()
  };
}
