import type { IResolvedSource } from '../../clusters/facade';
import { PROBLEM_PREFIX, type FdlApplyRequest, type FdlPlan, type Operation, type PlanStep } from '../../contract';
import { parseFdl } from '../../fdl';
import { BridgeError } from '../../http/errors';
import { refuseErrors } from '../../scar/errors';
import type { IServerContext } from '../context';
import { toProblem } from '../problem';

type Asked = Omit<FdlApplyRequest, 'source'>;

/** Which halves a file has. One with neither is the business of the clusters, which say what is missing. */
function halves(source: IResolvedSource): { services: boolean; functions: boolean } {
  const { document } = parseFdl(source.text, { file: source.name });
  const functions = document.aws.length > 0;
  return { services: document.oscar.length > 0 || !functions, functions };
}

/** What apply would do: the services of a cluster, then the functions of AWS. */
export async function planBoth(context: IServerContext, source: IResolvedSource, asked: Asked): Promise<FdlPlan> {
  const { services, functions } = halves(source);
  const plan = services
    ? await context.clusters.plan(await context.cluster(asked.cluster), source, { rawScript: asked.rawScript })
    : undefined;
  if (!functions) {
    return plan ?? { cluster: '', services: [], problems: [], steps: [], notes: [] };
  }
  const aws = await context.scar.plan(source, asked.aws);
  const known = new Set(aws.problems.map(({ code, line }) => `${code} ${line}`));
  return {
    cluster: plan?.cluster ?? '',
    services: plan?.services ?? [],
    functions: aws.functions,
    // The language sees both halves each time.
    problems: [...aws.problems, ...(plan?.problems ?? []).filter(({ code, line }) => !known.has(`${code} ${line}`))],
    steps: [...(plan?.steps ?? []), ...aws.steps],
    notes: [...(plan?.notes ?? []), ...aws.notes]
  };
}

/**
 * One operation for both halves. Services come first: what they need of AWS are buckets, which are there when the first result
 * is. Services that are ready stay when the functions fail, and the problem says so: deploying again goes on from there.
 */
export async function applyBoth(context: IServerContext, source: IResolvedSource, asked: Asked): Promise<Operation> {
  const { services, functions } = halves(source);
  const { clusters, operations, scar, watcher, log } = context;
  const cluster = services ? await context.cluster(asked.cluster) : undefined;
  const operation = operations.start(
    { kind: 'apply', title: `Apply ${source.name}`, ...(cluster ? { cluster: cluster.id } : {}) },
    async handle => {
      let done: PlanStep[] = [];
      if (cluster) {
        // Functions that cannot be deployed are told before any service is.
        const waiting = functions
          ? (await checked(context, source, asked)).map(step => ({ ...step, state: 'waiting' as const }))
          : [];
        try {
          const plan = await clusters.apply(cluster, source, {
            rawScript: asked.rawScript,
            onSteps: steps => handle.steps([...steps, ...waiting]),
            signal: handle.signal
          });
          handle.services(plan.services);
          handle.steps([...plan.steps, ...waiting]);
          done = plan.steps;
        } finally {
          watcher.kick(cluster.id);
        }
      }
      if (functions) {
        try {
          const plan = await scar.apply(source, {
            ...asked.aws,
            onSteps: steps => handle.steps([...done, ...steps]),
            signal: handle.signal
          });
          handle.steps([...done, ...plan.steps]);
        } catch (error) {
          if (done.length === 0) {
            throw error;
          }
          const { type, title, status, detail, cause, action } = toProblem(error, log);
          throw new BridgeError({
            type: type.slice(PROBLEM_PREFIX.length),
            title,
            status,
            detail: `${detail} The services on the cluster are deployed and stay.`,
            ...(cause === undefined ? {} : { cause }),
            ...(action === undefined ? {} : { action })
          });
        }
      }
    }
  );
  if (cluster) {
    watcher.kick(cluster.id);
  }
  return operation;
}

/** The steps of the functions. @throws BridgeError when they cannot be deployed */
async function checked(context: IServerContext, source: IResolvedSource, asked: Asked): Promise<PlanStep[]> {
  const { problems, steps } = await context.scar.plan(source, asked.aws);
  refuseErrors(problems);
  return steps;
}
