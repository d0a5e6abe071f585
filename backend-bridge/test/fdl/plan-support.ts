import { planFdl, type IOscarService, type IPlanOptions, type IPlanResult, type PlanAction } from '../../src/fdl';
import { deployed, read } from './fixtures';

const SCRIPTS = { 'script.sh': '#!/bin/sh\necho\n', 'a.sh': 'a\n', 'b.sh': 'b\n', 'c.sh': 'c\n', 's.sh': 's\n' };

export function plan(text: string, options: Partial<IPlanOptions> = {}): IPlanResult {
  return planFdl({ document: read(text), deployed: [], buckets: [], scripts: SCRIPTS, ...options });
}

export function steps(result: IPlanResult): string[] {
  return result.steps.map(step => `${step.action} ${step.kind} ${step.name}`);
}

export function errors(result: IPlanResult): string[] {
  return result.problems.filter(problem => problem.severity === 'error').map(problem => problem.code);
}

export function service(name: string, input: string, output: string): string {
  return `  - c:\n      name: ${name}\n      image: i\n      script: ${name[0]}.sh\n      input:\n      - {storage_provider: minio, path: ${input}}\n      output:\n      - {storage_provider: minio.default, path: ${output}}\n`;
}

export const flow = (...services: string[]) => `functions:\n  oscar:\n${services.join('')}`;

type Sent = Extract<PlanAction, { service: Partial<IOscarService> }>;
export const isSent = (action: PlanAction): action is Sent =>
  action.type === 'create-service' || action.type === 'update-service';

/** Carries the actions out on a list of services, buckets and notifications, as a cluster does. */
export function apply(
  result: IPlanResult,
  before: IOscarService[] = []
): Pick<IPlanOptions, 'deployed' | 'buckets' | 'notifications'> {
  const services = new Map(before.map(item => [item.name, item]));
  const buckets = new Set(before.flatMap(item => [...item.input, ...item.output].map(io => io.path.split('/')[0])));
  const notifications: Record<string, { arn: string; prefix: string }[]> = {};
  for (const action of result.actions) {
    if (action.type === 'create-service') {
      for (const bucket of new Set(
        [...(action.service.input ?? []), ...(action.service.output ?? [])].map(io => io.path.split('/')[0])
      )) {
        // What a real cluster answers with 500.
        expect(buckets.has(bucket)).toBe(false);
      }
    }
    if (isSent(action)) {
      const old = services.get(action.name);
      services.set(
        action.name,
        deployed(
          action.service,
          old
            ? {
                token: old.token,
                environment: {
                  variables: action.service.environment?.variables ?? {},
                  secrets: action.service.environment?.secrets ?? old.environment.secrets
                }
              }
            : {}
        )
      );
      [...(action.service.input ?? []), ...(action.service.output ?? [])].forEach(io =>
        buckets.add(io.path.split('/')[0])
      );
    } else if (action.type === 'link') {
      expect(buckets.has(action.bucket)).toBe(true);
      const target = services.get(action.service);
      // The webhook exists only when the service has an input of its own in MinIO.
      expect(target?.input.length).toBeGreaterThan(0);
      (notifications[action.bucket] ??= []).push({ arn: action.arn, prefix: action.prefix });
    }
  }
  return { deployed: [...services.values()], buckets: [...buckets].map(name => ({ name })), notifications };
}
