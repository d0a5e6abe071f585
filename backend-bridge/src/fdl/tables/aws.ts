import { account, batch, variables } from './batch';
import type { Fields } from './field';

/**
 * A function of `functions.aws`, as SCAR 4 reads it (its cfgfile.py and fdl-example.yaml). Limits are those of AWS Lambda and
 * AWS Batch.
 */
const SINCE = 'SCAR 4';

/** All of it is as old as the form itself. */
function stamped(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [
      key,
      { ...field, since: SINCE, ...(field.fields ? { fields: stamped(field.fields) } : {}) }
    ])
  );
}

const input: Fields = {
  storage_provider: {
    kind: 'string',
    required: true,
    names: 'provider',
    description: '`s3`: only new objects of the own account can start a function.'
  },
  path: { kind: 'string', required: true, names: 'path', description: 'Bucket and folder: `bucket/folder`.' }
};

const output: Fields = {
  storage_provider: {
    kind: 'string',
    required: true,
    names: 'provider',
    description: 'Provider: `s3`, or `type.id` with an id of `storage_providers`.'
  },
  path: { kind: 'string', required: true, names: 'path', description: 'Bucket and folder: `bucket/folder`.' },
  suffix: { kind: 'strings', description: 'Files that end in one of these are uploaded.' },
  prefix: { kind: 'strings', description: 'Files whose name begins with one of these are uploaded.' }
};

export const EXECUTION_MODES = ['lambda', 'lambda-batch', 'batch'] as const;

const lambda: Fields = {
  ...account,
  name: {
    kind: 'string',
    required: true,
    description:
      'Name of the function: letters, digits, hyphens and underscores, at most 64. Batch and ECR use it, too.'
  },
  execution_mode: {
    kind: 'string',
    values: EXECUTION_MODES,
    default: 'lambda',
    description:
      '`lambda`: runs in Lambda. `batch`: Lambda starts a job in Batch. `lambda-batch`: Batch takes over what Lambda has no time for.'
  },
  runtime: {
    kind: 'string',
    default: 'python3.7',
    description: '`image`: the function is a container image. A Python runtime: the image runs in it with udocker.'
  },
  architectures: {
    kind: 'strings',
    default: '[x86_64]',
    description: '`x86_64` or `arm64` (with runtime `image` only).'
  },
  memory: {
    kind: 'integer',
    unit: 'MB',
    min: 128,
    max: 10240,
    default: '512',
    description: 'Memory of the function; CPU grows with it. 128 to 10,240 in steps of 1.'
  },
  timeout: {
    kind: 'integer',
    unit: 'seconds',
    min: 1,
    max: 900,
    default: '300',
    description: 'Longest time of one call, at most 900.'
  },
  ephemeral_storage: {
    kind: 'integer',
    unit: 'MB',
    min: 512,
    max: 10240,
    default: '512',
    description: 'Size of /tmp, 512 to 10,240. SCAR itself leaves it at 512.'
  },
  description: {
    kind: 'string',
    default: 'Automatically generated lambda function',
    description: 'Shown in the console of AWS, at most 256 characters.'
  },
  log_level: {
    kind: 'string',
    values: ['NOTSET', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
    default: 'INFO',
    description: 'How much the supervisor says.'
  },
  log_type: {
    kind: 'string',
    values: ['Tail', 'None'],
    default: 'Tail',
    description: 'Answer with the end of the log.'
  },
  invocation_type: {
    kind: 'string',
    values: ['RequestResponse', 'Event', 'DryRun'],
    default: 'RequestResponse',
    description: 'How the function is called.'
  },
  asynchronous: { kind: 'boolean', default: 'false', description: 'Calls do not wait for the result.' },
  preheat: {
    kind: 'boolean',
    default: 'false',
    description: 'Call the function once when it is made, so that the image is there.'
  },
  layers: {
    kind: 'strings',
    description: 'ARNs of layers, at most four: the supervisor is the fifth. Not with runtime `image`.'
  },
  environment: {
    kind: 'object',
    description: 'Variables of the function, not of the container.',
    fields: variables
  },
  init_script: {
    kind: 'string',
    names: 'script',
    description: 'Path of the script that is packed with the function.'
  },
  run_script: {
    kind: 'string',
    names: 'script',
    description: 'Path of a script that is sent with each call of `scar run`.'
  },
  extra_payload: { kind: 'string', description: 'Folder that is packed with the function.' },
  vpc: {
    kind: 'object',
    description: 'Network that the function is in.',
    fields: {
      SubnetIds: { kind: 'strings', description: 'Subnets.' },
      SecurityGroupIds: { kind: 'strings', description: 'Security groups.' }
    }
  },
  file_system: {
    kind: 'objects',
    description: 'Elastic File System that is mounted; needs `vpc`.',
    fields: {
      Arn: { kind: 'string', required: true, description: 'ARN of the access point.' },
      LocalMountPath: { kind: 'string', required: true, description: 'Where it is found: below /mnt.' }
    }
  },
  deployment: {
    kind: 'object',
    description: 'How a package reaches AWS.',
    fields: {
      bucket: { kind: 'string', names: 'bucket', description: 'Bucket that a large package goes through.' },
      max_payload_size: {
        kind: 'integer',
        unit: 'bytes',
        default: '52428800',
        description: 'Largest package without a bucket.'
      },
      max_s3_payload_size: {
        kind: 'integer',
        unit: 'bytes',
        default: '262144000',
        description: 'Largest package through a bucket, unpacked.'
      }
    }
  },
  container: {
    kind: 'object',
    required: true,
    description: 'The container that the script runs in.',
    fields: {
      image: {
        kind: 'string',
        names: 'image',
        description: 'Image: of Docker Hub, or with runtime `image` of any registry.'
      },
      image_file: {
        kind: 'string',
        description: 'File made by `docker save`, in place of an image (udocker only).'
      },
      create_image: {
        kind: 'boolean',
        default: 'true',
        description: 'false: the image holds the supervisor already.'
      },
      alpine: {
        kind: 'boolean',
        default: 'false',
        description: 'The image is an Alpine Linux (runtime `image` only).'
      },
      timeout_threshold: {
        kind: 'integer',
        unit: 'seconds',
        min: 0,
        max: 899,
        default: '10',
        description: 'Time that is kept at the end for uploading results.'
      },
      environment: { kind: 'object', description: 'Variables of the script.', fields: variables }
    }
  },
  input: { kind: 'objects', description: 'Folders whose new objects start the function.', fields: input },
  output: { kind: 'objects', description: 'Folders that results are uploaded to.', fields: output },
  supervisor: {
    kind: 'object',
    description: 'The program that stages files in and out.',
    fields: {
      version: { kind: 'string', default: 'latest', description: 'Release of faas-supervisor, or `latest`.' },
      layer_name: { kind: 'string', default: 'faas-supervisor', description: 'Name of its layer.' },
      license_info: { kind: 'string', default: 'Apache 2.0', description: 'Licence of its layer.' }
    }
  }
};

/** The parts of an item of `functions.aws`. */
export const AWS_FIELDS: Fields = stamped({
  lambda: { kind: 'object', required: true, description: 'The function.', fields: lambda },
  iam: {
    kind: 'object',
    description: 'What the function may do.',
    fields: {
      boto_profile: account.boto_profile,
      role: {
        kind: 'string',
        description: 'ARN of the role; it has to exist. Needed, here or in the configuration of SCAR.'
      }
    }
  },
  api_gateway: {
    kind: 'object',
    description: 'An HTTP address for the function.',
    fields: {
      ...account,
      name: { kind: 'string', description: 'Name of the API. Without one there is no API.' },
      type: {
        kind: 'string',
        values: ['rest', 'url'],
        default: 'rest',
        description: '`rest`: an API of API Gateway. `url`: a function URL, which SCAR itself does not know.'
      },
      endpoint: { kind: 'string', description: 'Form of the address.' },
      http_method: {
        kind: 'string',
        default: 'ANY',
        values: ['ANY', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
        description: 'Method that is answered.'
      },
      method: { kind: 'any', description: 'Settings of the method.' },
      integration: { kind: 'any', description: 'Settings of the integration.' },
      path_part: { kind: 'string', default: '{proxy+}', description: 'Path that is answered.' },
      stage_name: { kind: 'string', default: 'scar', description: 'Name of the stage.' },
      service_id: {
        kind: 'string',
        default: 'apigateway.amazonaws.com',
        description: 'Principal that may call the function.'
      },
      source_arn_testing: { kind: 'string', description: 'Form of the ARN for tests in the console.' },
      source_arn_invocation: { kind: 'string', description: 'Form of the ARN for calls.' }
    }
  },
  cloudwatch: {
    kind: 'object',
    description: 'Logs.',
    fields: {
      ...account,
      log_retention_policy_in_days: {
        kind: 'integer',
        unit: 'days',
        min: 1,
        default: '30',
        description: 'How long logs are kept.'
      }
    }
  },
  ecr: {
    kind: 'object',
    description: 'Registry of images (runtime `image`).',
    fields: {
      ...account,
      delete_image: {
        kind: 'boolean',
        default: 'true',
        description: 'Delete the image together with the function.'
      }
    }
  },
  batch: {
    kind: 'object',
    description: 'Batch, for execution modes `batch` and `lambda-batch`.',
    fields: batch
  },
  s3: { kind: 'object', description: 'Account of the buckets.', fields: account }
});

export const LAMBDA_FIELDS: Fields = AWS_FIELDS.lambda.fields ?? {};
export const BATCH_FIELDS: Fields = AWS_FIELDS.batch.fields ?? {};

/** Days that CloudWatch takes. */
export const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
];
