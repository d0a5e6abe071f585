import { createHash } from 'node:crypto';
import { zipSync } from 'fflate';
import type { FdlMap } from '../fdl';
import type { IFunctionSpec } from './spec';

/** Beside the code; the supervisor looks here before it looks at the environment. */
const CONFIG_FILE = 'function_config.yaml';
/** A date that zip can tell, always the same: equal contents are equal packages. */
const DATE = new Date('1990-01-01T00:00:00Z');

const HANDLER = `import faassupervisor.supervisor as supervisor


def lambda_handler(event, context):
    return supervisor.main(event=event, context=context)
`;

/**
 * Starts a job in Batch for each call, in any runtime: the supervisor itself does so from Python runtimes with udocker only.
 * The names of job, queue and definition are those that SCAR uses.
 */
const DELEGATE = `import base64
import json
import os

import boto3

CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "function_config.yaml")


def lambda_handler(event, context):
    with open(CONFIG, encoding="utf-8") as file:
        several = json.load(file).get("batch", {}).get("multi_node_parallel", {})
    name = context.function_name
    about = {
        "function_name": name,
        "memory_limit_in_mb": int(context.memory_limit_in_mb),
        "aws_request_id": context.aws_request_id,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
    }
    variables = [
        {"name": "EVENT", "value": json.dumps(event)},
        {"name": "CONTEXT", "value": json.dumps(about)},
        {"name": "AWS_LAMBDA_REQUEST_ID", "value": context.aws_request_id},
    ]
    if isinstance(event, dict) and event.get("script"):
        variables.append({"name": "SCRIPT", "value": event["script"]})
    overrides = {"containerOverrides": {"environment": variables}}
    if several.get("enabled"):
        overrides = {
            "nodeOverrides": {
                "nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": {"environment": variables}}]
            }
        }
    job = boto3.client("batch").submit_job(jobName=name, jobQueue=name, jobDefinition=name, **overrides)
    text = f"Job delegated to batch.\\nCheck batch logs with:\\n  scar log -n {name} -ri {job['jobId']}"
    print(text)
    return {
        "statusCode": 200,
        "headers": {
            "amz-lambda-request-id": context.aws_request_id,
            "amz-log-group-name": context.log_group_name,
            "amz-log-stream-name": context.log_stream_name,
        },
        "body": base64.b64encode(text.encode()).decode(),
        "isBase64Encoded": True,
    }
`;

export interface IPackage {
  zip: Buffer;
  /** As Lambda tells it: base64 of SHA-256. */
  sha256: string;
  handler: string;
}

/** The package of a function with a Python runtime. */
export function makePackage(spec: IFunctionSpec, config: FdlMap): IPackage {
  const module = spec.packaging === 'delegate' ? 'delegate' : spec.name;
  const files: Record<string, Uint8Array> = {
    [`${module}.py`]: Buffer.from(spec.packaging === 'delegate' ? DELEGATE : HANDLER),
    // JSON is YAML, too.
    [CONFIG_FILE]: Buffer.from(JSON.stringify(config)),
    ...(spec.script && spec.packaging !== 'delegate' ? { [spec.script.name]: Buffer.from(spec.script.text) } : {})
  };
  const zip = Buffer.from(
    zipSync(
      Object.fromEntries(
        Object.entries(files).map(([name, data]) => [name, [data, { attrs: 0o755 << 16, os: 3 }] as const])
      ),
      { mtime: DATE, level: 9 }
    )
  );
  return { zip, sha256: createHash('sha256').update(zip).digest('base64'), handler: `${module}.lambda_handler` };
}
