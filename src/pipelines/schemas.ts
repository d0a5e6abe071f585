import type { TranslationBundle } from '@jupyterlab/translation';

import type { IKind } from './palette';

type Schema = Record<string, unknown>;

interface IForm {
  trans: TranslationBundle;
  clusters: string[];
  images: string[];
  /** Of a palette entry for one service. */
  service?: string;
}

/** The form of a node. What Elyra knows has Elyra's names and shapes, so that its editor opens the file too. */
export function nodeSchema(kind: IKind, form: IForm): Schema {
  const { trans } = form;
  const properties: Schema = {};
  const required: string[] = [];
  const header = (id: string, title: string): void => {
    properties[id] = { type: 'null', title, uihints: { 'ui:field': 'header' } };
  };
  switch (kind.form) {
    case 'file':
      header('what_header', trans.__('What runs'));
      properties.filename = {
        type: 'string',
        title: trans.__('File'),
        description: trans.__('Relative to the folder of the pipeline.'),
        uihints: { 'ui:widget': 'file', extensions: kind.extensions }
      };
      required.push('filename', 'runtime_image');
      break;
    case 'command':
      header('what_header', trans.__('What runs'));
      properties.command = {
        type: 'string',
        title: trans.__('Command'),
        description: trans.__('Shell lines. The files of the nodes before it are in the working folder.'),
        uihints: { 'ui:widget': 'textarea', 'ui:placeholder': 'wc -l *.csv > lines.txt' }
      };
      required.push('command', 'runtime_image');
      break;
    case 'service':
      header('what_header', trans.__('What is called'));
      properties.service = {
        type: 'string',
        title: trans.__('Service'),
        description: trans.__('It is called with each input file; its results go on to the next nodes.'),
        ...(form.service ? { default: form.service } : {}),
        uihints: form.service ? { 'ui:readonly': true } : { 'ui:placeholder': 'ocr' }
      };
      properties.inputs = list(
        trans.__('Input files'),
        trans.__('Files or patterns of the nodes before it. Empty: all their outputs.'),
        '*.png'
      );
      properties.path = {
        type: 'string',
        title: trans.__('Path'),
        description: trans.__('Of a service that is exposed: what is called below its address.'),
        uihints: { 'ui:placeholder': 'predict' }
      };
      required.push('service');
      break;
    case 'function':
      header('what_header', trans.__('What is called'));
      properties.function = {
        type: 'string',
        title: trans.__('Function'),
        uihints: { 'ui:placeholder': 'scar-grayify' }
      };
      properties.region = { type: 'string', title: trans.__('Region'), uihints: { 'ui:placeholder': 'us-east-1' } };
      properties.input = {
        type: 'string',
        title: trans.__('Input bucket and folder'),
        uihints: { 'ui:placeholder': 'bucket/in' }
      };
      properties.output = {
        type: 'string',
        title: trans.__('Output bucket and folder'),
        uihints: { 'ui:placeholder': 'bucket/out' }
      };
      required.push('function');
      break;
  }
  if (kind.form === 'file' || kind.form === 'command') {
    properties.runtime_image = image(form);
    properties.outputs = list(
      trans.__('Output files'),
      trans.__('Files, folders or patterns that it leaves for the nodes after it.'),
      'results/*.csv'
    );
    properties.dependencies = {
      ...list(trans.__('Other files that it needs'), trans.__('Relative to its own folder.'), 'util.py'),
      uihints: { files: true, items: { 'ui:placeholder': 'util.py' } }
    };
    properties.include_subdirectories = {
      type: 'boolean',
      title: trans.__('Also from the folders below'),
      default: false
    };
    header('size_header', trans.__('Size'));
    properties.cpu = amount(trans.__('CPUs'));
    properties.cpu_limit = amount(trans.__('CPUs at most'));
    properties.memory = amount(trans.__('Memory (GB)'));
    properties.memory_limit = amount(trans.__('Memory at most (GB)'));
    properties.gpu = amount(trans.__('GPUs'));
    header('values_header', trans.__('Values'));
    properties.pipeline_parameters = {
      type: 'array',
      title: trans.__('Parameters of the pipeline'),
      description: trans.__('Given to this node as environment variables.'),
      items: { type: 'string', enum: [] },
      uniqueItems: true
    };
    properties.env_vars = variables(trans);
    properties.kubernetes_secrets = secrets(trans);
    header('place_header', trans.__('Place'));
    properties.mounted_volumes = volumes(trans);
  } else {
    header('place_header', trans.__('Place'));
  }
  properties.oscar_target = {
    type: 'string',
    title: trans.__('Cluster'),
    description: trans.__('Where it runs. Empty: where the pipeline goes; aws: as a Lambda function.'),
    examples: [...form.clusters, 'aws'],
    uihints: { 'ui:placeholder': trans.__('the cluster of the pipeline') }
  };
  return {
    type: 'object',
    properties: { component_parameters: { type: 'object', properties, required } }
  };
}

/** The form of the pipeline. */
export function pipelineSchema(form: IForm): Schema {
  const { trans } = form;
  return {
    type: 'object',
    properties: {
      name: {
        type: 'string',
        title: trans.__('Name'),
        description: trans.__('Names of its services begin with it. Empty: the name of the file.')
      },
      description: { type: 'string', title: trans.__('Description'), uihints: { 'ui:widget': 'textarea' } },
      pipeline_defaults: {
        type: 'object',
        properties: {
          defaults_header: {
            type: 'null',
            title: trans.__('For all nodes'),
            description: trans.__('A node may say otherwise.'),
            uihints: { 'ui:field': 'header' }
          },
          runtime_image: image(form),
          env_vars: variables(trans),
          kubernetes_secrets: secrets(trans),
          mounted_volumes: volumes(trans)
        }
      }
    },
    uihints: {
      pipeline_defaults: {
        defaults_header: { 'ui:field': 'header' },
        runtime_image: { 'ui:placeholder': IMAGE }
      }
    }
  };
}

/** The form of the pipeline's parameters. */
export function parametersSchema(trans: TranslationBundle): Schema {
  const value = (type: string, title: string, schema: Schema): Schema => ({
    title,
    type: 'object',
    properties: { type: { type: 'string', default: type }, value: { title: ' ', ...schema } },
    uihints: { type: { 'ui:field': 'hidden' }, value: {} }
  });
  return {
    type: 'array',
    title: trans.__('Parameters'),
    description: trans.__('Asked for when the pipeline runs.'),
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', title: trans.__('Name') },
        description: { type: 'string', title: trans.__('Description') },
        default_value: {
          title: trans.__('Default'),
          type: 'object',
          oneOf: [
            value('String', trans.__('Text'), { type: 'string' }),
            value('Integer', trans.__('Whole number'), { type: 'integer' }),
            value('Float', trans.__('Number'), { type: 'number' }),
            value('Bool', trans.__('Yes or no'), { type: 'boolean' })
          ]
        },
        required: { type: 'boolean', title: trans.__('Must be given') }
      }
    }
  };
}

const IMAGE = 'jupyter/scipy-notebook:latest';

function image(form: IForm): Schema {
  const { trans } = form;
  return {
    type: 'string',
    title: trans.__('Image'),
    description: trans.__(
      'Container image with everything that it needs. The local cluster may use its own Python instead.'
    ),
    examples: form.images,
    uihints: { 'ui:placeholder': IMAGE }
  };
}

function amount(title: string): Schema {
  return { type: 'integer', title, minimum: 0 };
}

function list(title: string, description: string, placeholder: string): Schema {
  return {
    type: 'array',
    title,
    description,
    items: { type: 'string', default: '' },
    uihints: { items: { 'ui:placeholder': placeholder } }
  };
}

function variables(trans: TranslationBundle): Schema {
  return {
    type: 'array',
    title: trans.__('Environment variables'),
    items: {
      type: 'object',
      properties: {
        env_var: { type: 'string', title: trans.__('Name') },
        value: { type: 'string', title: trans.__('Value') }
      },
      required: ['env_var']
    }
  };
}

function secrets(trans: TranslationBundle): Schema {
  return {
    type: 'array',
    title: trans.__('Secrets'),
    description: trans.__('Asked for when the pipeline runs; the values are in no file.'),
    items: {
      type: 'object',
      properties: {
        env_var: { type: 'string', title: trans.__('Variable') },
        name: { type: 'string', title: trans.__('Kubernetes secret (Elyra only)') },
        key: { type: 'string', title: trans.__('Key in it (Elyra only)') }
      },
      required: ['env_var']
    }
  };
}

function volumes(trans: TranslationBundle): Schema {
  return {
    type: 'array',
    title: trans.__('Volumes'),
    description: trans.__('Managed volumes of the cluster.'),
    items: {
      type: 'object',
      properties: {
        path: { type: 'string', title: trans.__('Path in the container') },
        pvc_name: { type: 'string', title: trans.__('Volume') }
      },
      required: ['path', 'pvc_name']
    }
  };
}
