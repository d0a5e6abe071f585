import { randomBytes } from 'node:crypto';
import type { ICluster } from '../clusters';
import { inPool } from '../clusters/pool';
import { PROBLEM_PREFIX, type Problem } from '../contract';
import { BridgeError, isProblem } from '../http';
import { PREFIXES } from '../pipelines';
import { keyIn } from '../clusters/service-view';
import type { IKeptRun } from './journal';
import { isTerminal } from './node-follower';
import { artifactsOf, startOf } from './places';
import type { IPrepared } from './prepare';
import { listAll } from './storage';

/** `<pipeline>-<month day hour minute second>-<random>`: letters, digits and hyphens. */
export function runId(pipeline: string): string {
  const slug = pipeline
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 30)
    .replace(/-+$/, '');
  const time = new Date().toISOString().replace(/\D/g, '').slice(4, 14);
  return `${slug || 'run'}-${time}-${randomBytes(3).toString('hex')}`;
}

/** A run that begins with its deployment. */
export function newRun(
  { pipeline, conversion, cluster, source }: IPrepared,
  parameters: Record<string, unknown>
): IKeptRun {
  return {
    view: {
      id: runId(pipeline.name),
      pipeline: pipeline.name,
      file: source.shown,
      cluster,
      state: 'deploying',
      revision: 1,
      parameters,
      steps: [],
      startedAt: new Date().toISOString()
    },
    nodes: conversion.services.map(node => ({
      view: {
        id: node.node,
        label: node.label,
        kind: node.kind,
        service: node.service,
        cluster: node.target,
        state: 'waiting',
        after: [...node.after],
        attempt: 1,
        artifacts: []
      },
      before: [],
      jobs: []
    })),
    source: source.kept,
    file: source.file,
    over: false,
    createdAt: Date.now()
  };
}

/** The bridge ended while it was deploying: secrets and progress are gone with it. */
export function interrupt(kept: IKeptRun): void {
  const { view } = kept;
  view.state = 'interrupted';
  view.revision += 1;
  view.finishedAt = new Date().toISOString();
  view.problem = {
    type: `${PROBLEM_PREFIX}interrupted`,
    title: 'Interrupted',
    status: 500,
    detail: 'The bridge ended while the pipeline was being deployed.',
    action: 'Run it again: what is deployed already is kept.'
  };
  endNodes(kept, 'cancelled', 'The bridge ended before it began.');
  kept.over = true;
}

/** A run that cannot go on: its deployment failed, or, without a problem, was cancelled. */
export function endedEarly(kept: IKeptRun, problem: Problem | undefined): void {
  const { view } = kept;
  const deploying = view.state === 'deploying';
  view.state = problem ? 'failed' : 'cancelled';
  view.finishedAt = new Date().toISOString();
  if (problem) {
    view.problem = problem;
    endNodes(
      kept,
      'skipped',
      deploying ? 'The pipeline could not be deployed.' : 'The run could not be followed any more.'
    );
  } else {
    endNodes(kept, 'cancelled', 'The run was cancelled before it began.');
  }
}

function endNodes(kept: IKeptRun, state: 'cancelled' | 'skipped', reason: string): void {
  for (const { view } of kept.nodes.filter(node => !isTerminal(node))) {
    view.state = state;
    view.reason = reason;
  }
}

/** @throws BridgeError conflict while the run goes on */
export function notOver(run: IKeptRun): void {
  if (run.view.state === 'running' || run.view.state === 'deploying') {
    throw new BridgeError({
      type: 'conflict',
      title: 'The run goes on',
      status: 409,
      detail: `The run ${run.view.id} has not ended yet.`,
      action: 'Wait for it, or cancel it first.'
    });
  }
}

/**
 * The nodes that go again: those that did not succeed, or of them only `node` and what comes after it.
 *
 * @throws BridgeError conflict when there is nothing that could go again
 */
export function selectForRerun(run: IKeptRun, node: string | undefined): number[] {
  const { nodes } = run;
  if (node !== undefined && !nodes.some(({ view }) => view.id === node)) {
    throw new BridgeError({
      type: 'not-found',
      title: 'No such node',
      status: 404,
      detail: `The run has no node “${node.slice(0, 100)}”.`
    });
  }
  const from = new Set(node === undefined ? nodes.map(({ view }) => view.id) : [node]);
  for (let size = -1; size !== from.size;) {
    size = from.size;
    nodes.filter(({ view }) => view.after.some(id => from.has(id))).forEach(({ view }) => from.add(view.id));
  }
  const open = new Set(
    nodes.filter(({ view }) => from.has(view.id) && view.state !== 'done').map(({ view }) => view.id)
  );
  // What waits for a node that does not go again cannot go either.
  for (let size = -1; size !== open.size;) {
    size = open.size;
    for (const { view } of nodes.filter(item => open.has(item.view.id))) {
      const ready = view.after.every(
        id => open.has(id) || nodes.some(other => other.view.id === id && other.view.state === 'done')
      );
      if (!ready) {
        open.delete(view.id);
      }
    }
  }
  const again = [...nodes.keys()].filter(index => open.has(nodes[index].view.id));
  if (again.length === 0) {
    throw new BridgeError({
      type: 'conflict',
      title: 'Nothing to run again',
      status: 409,
      detail:
        node === undefined
          ? 'All nodes of this run have succeeded.'
          : 'This node and what comes after it have succeeded, or wait for a node that has not.',
      action: node === undefined ? 'Start a new run.' : 'Rerun the node before it, or the whole run.'
    });
  }
  return again;
}

/** Makes a run ready to go on with these nodes. */
export function reset(run: IKeptRun, again: number[]): void {
  again.forEach(index => resetNode(run, index));
  const { view } = run;
  view.state = 'deploying';
  view.steps = [];
  delete view.finishedAt;
  delete view.problem;
  delete run.cancelledAt;
  run.over = false;
}

/** The next attempt of a node. What it waits for decides whether its event has to be sent by us. */
function resetNode(run: IKeptRun, index: number): void {
  const node = run.nodes[index];
  const { view } = node;
  const parents = run.nodes.filter(other => view.after.includes(other.view.id));
  const { id, label, kind, service, cluster, after } = view;
  node.view = {
    id,
    label,
    kind,
    service,
    cluster,
    state: 'waiting',
    after,
    attempt: view.attempt + 1,
    artifacts: []
  };
  node.jobs = [];
  delete node.resent;
  delete node.settled;
  delete node.kick;
  const all = parents.every(parent => parent.view.state === 'done');
  // A node without parents that never began is begun by its object, as at first.
  if (all && (after.length > 0 || node.started)) {
    node.kick = true;
  }
}

/** Takes away what a run has left in the buckets of its nodes. A cluster that is not there any more has nothing to take. */
export async function removeObjects(
  run: IKeptRun,
  clusterOf: (id: string) => Promise<ICluster>,
  log?: (line: string) => void
): Promise<void> {
  const { id } = run.view;
  await inPool(run.nodes, 4, async ({ places, view }) => {
    if (!places) {
      return;
    }
    let cluster: ICluster;
    try {
      cluster = await clusterOf(view.cluster);
    } catch (error) {
      if (!isProblem(error, 'not-found')) {
        throw error;
      }
      log?.(`Objects of ${id} on ${view.cluster} are left: the cluster is not known any more.`);
      return;
    }
    const storage = await cluster.storage();
    const edges = `${PREFIXES.edges}${id}/`;
    const prefixes = [
      artifactsOf(places, id),
      ...(places.edges ? [{ bucket: places.edges.bucket, key: keyIn({ ...places.edges }, edges) }] : []),
      ...(places.input ? [{ bucket: places.input.bucket, key: keyIn({ ...places.input }, edges) }] : [])
    ];
    for (const { bucket, key } of prefixes) {
      for (const object of await listAll(storage, bucket, key)) {
        await storage.remove(bucket, object.key);
      }
    }
    if (places.input && view.after.length === 0) {
      const start = startOf(places, id);
      await storage.remove(start.bucket, start.key).catch(error => {
        if (!isProblem(error, 'not-found')) {
          throw error;
        }
      });
    }
  });
}
