import { nullTranslator } from '@jupyterlab/translation';

import { emptyFlow } from '../flow';
import type { IPaletteOptions } from '../palette';
import { findType, makePalette, typeOfFile, usedServices } from '../palette';

const trans = nullTranslator.load('jupyterlab_oscar');

function palette(change: Partial<IPaletteOptions> = {}): ReturnType<typeof makePalette> {
  return makePalette({
    trans,
    services: [],
    clusters: ['local', 'edge'],
    images: ['python:3.12-slim'],
    used: [],
    ...change
  });
}

describe('the palette', () => {
  it('has files, commands, the services of the cluster and functions', () => {
    const made = palette({
      services: [
        { name: 'ocr', exposed: false },
        { name: 'grayify', exposed: false }
      ]
    });
    expect(made.categories.map(item => item.node_types.map(type => type.op))).toEqual([
      ['execute-notebook-node', 'execute-python-node', 'execute-r-node', 'oscar-command'],
      ['oscar-service:ocr', 'oscar-service:grayify', 'oscar-service'],
      ['scar-function']
    ]);
  });

  it('keeps a service that the pipeline calls and that is not there now, and says so', () => {
    const made = palette({ services: [{ name: 'ocr', exposed: false }], used: ['ocr', 'gone'] });
    expect(made.categories[1].node_types.map(type => type.label)).toEqual(['ocr', 'gone', 'Other service']);
    expect(findType(made, 'oscar-service:gone')?.description).toContain('not on this cluster');
  });

  it('knows which node a file becomes, whatever the case of its ending', () => {
    const made = palette();
    expect(typeOfFile(made, 'a/b/Train.IPYNB')?.op).toBe('execute-notebook-node');
    expect(typeOfFile(made, 'clean.py')?.op).toBe('execute-python-node');
    expect(typeOfFile(made, 'plot.R')?.op).toBe('execute-r-node');
    expect(typeOfFile(made, 'picture.png')).toBeUndefined();
    expect(typeOfFile(made, 'Makefile')).toBeUndefined();
  });

  it('gives forms that a JSON Schema reader accepts: no `required: true` at a property, headers without values', () => {
    for (const type of palette({ services: [{ name: 'ocr', exposed: true }] }).categories.flatMap(c => c.node_types)) {
      const schema = type.app_data.properties as {
        properties: {
          component_parameters: {
            properties: Record<string, { type: string; required?: unknown }>;
            required: string[];
          };
        };
      };
      const { properties, required } = schema.properties.component_parameters;
      for (const name of required) {
        expect(properties[name]).toBeDefined();
      }
      for (const property of Object.values(properties)) {
        expect(property.required).toBeUndefined();
      }
    }
  });

  it('reads the services that a pipeline calls, in supernodes too, once each', () => {
    const flow = emptyFlow();
    const node = (id: string, op: string, service: unknown): (typeof flow.pipelines)[0]['nodes'][0] => ({
      id,
      type: 'execution_node',
      op,
      app_data: { component_parameters: { service } }
    });
    flow.pipelines[0].nodes = [node('a', 'oscar-service', 'ocr'), node('b', 'oscar-service:cow', 'cow')];
    flow.pipelines.push({
      id: 'inside',
      nodes: [node('c', 'oscar-service', 'ocr'), node('d', 'oscar-service', ''), node('e', 'execute-python-node', 'x')]
    });
    expect(usedServices(flow)).toEqual(['ocr', 'cow']);
  });
});
