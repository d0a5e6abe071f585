import type { FdlProblem } from '../contract';
import { isMap, join } from './pointer';
import type { FdlMap, FdlValue, IFdlDocument, IFdlEntry, IPlace, IRange } from './types';

type Report = (code: string, range: IRange, message: string, severity?: FdlProblem['severity']) => void;

/** Keys that only a service has: an item of `functions.oscar` with one of them lacks its cluster id. */
const SERVICE_KEYS = ['name', 'image', 'script', 'cpu', 'memory', 'input', 'output'];

/**
 * Takes the four parts of an FDL file apart. Whatever has the wrong kind is reported and left out, or read as what was
 * surely meant.
 */
export function readSections(
  value: FdlValue,
  places: ReadonlyMap<string, IPlace>,
  broken: boolean,
  report: Report
): Pick<IFdlDocument, 'oscar' | 'aws' | 'storageProviders' | 'clusters'> {
  const sections: Pick<IFdlDocument, 'oscar' | 'aws' | 'storageProviders' | 'clusters'> = {
    oscar: [],
    aws: [],
    storageProviders: {},
    clusters: {}
  };
  const range = (pointer: string): IRange => {
    const place = places.get(pointer);
    return place?.key ?? place?.value ?? { line: 1, column: 1, endLine: 1, endColumn: 1 };
  };
  if (!isMap(value)) {
    if (!broken) {
      report(
        value === null ? 'empty-file' : 'not-a-mapping',
        range(''),
        value === null
          ? 'The file is empty. An FDL file begins with functions:, and below it oscar: with a list of services.'
          : 'An FDL file is a mapping. Begin it with functions:, and below it oscar: with a list of services.'
      );
    }
    return sections;
  }
  readFunctions(value.functions, sections, range, report);
  if (value.functions === undefined && !broken) {
    report(
      'no-functions',
      range(''),
      'There are no functions. Write functions:, and below it oscar: with a list of services.'
    );
  }
  const providers = value.storage_providers;
  if (isMap(providers)) {
    for (const type of Object.keys(providers)) {
      const ids = providers[type];
      if (!isMap(ids)) {
        report(
          Array.isArray(ids) && ids.some(item => isMap(item) && item.name !== undefined)
            ? 'legacy-providers'
            : 'wrong-type',
          range(join('/storage_providers', type)),
          `Below ${type} stand the ids of its providers, each a mapping: ${type}: {my-id: {…}}.`
        );
        continue;
      }
      sections.storageProviders[type] = mapsOf(ids, id =>
        report(
          'wrong-type',
          range(join('/storage_providers', type, id)),
          `The provider ${type}.${id} has to be a mapping of its settings.`
        )
      );
    }
  } else if (providers !== undefined && providers !== null) {
    report(
      'wrong-type',
      range('/storage_providers'),
      'storage_providers is a mapping: the type, below it the id, below it the settings.'
    );
  }
  const clusters = value.clusters;
  if (isMap(clusters)) {
    sections.clusters = mapsOf(clusters, id =>
      report('wrong-type', range(join('/clusters', id)), `The cluster ${id} has to be a mapping with endpoint.`)
    );
  } else if (clusters !== undefined && clusters !== null) {
    report('wrong-type', range('/clusters'), 'clusters is a mapping: the id of a cluster, below it endpoint.');
  }
  return sections;
}

function mapsOf(map: FdlMap, bad: (id: string) => void): { [id: string]: FdlMap } {
  const result: { [id: string]: FdlMap } = {};
  for (const id of Object.keys(map)) {
    const item = map[id];
    if (isMap(item)) {
      Object.defineProperty(result, id, { value: item, enumerable: true, configurable: true, writable: true });
    } else {
      bad(id);
    }
  }
  return result;
}

function readFunctions(
  functions: FdlValue | undefined,
  sections: { oscar: IFdlEntry[]; aws: FdlValue[] },
  range: (pointer: string) => IRange,
  report: Report
): void {
  if (functions === undefined) {
    return;
  }
  if (Array.isArray(functions) && functions.some(item => isMap(item) && item.name !== undefined)) {
    report(
      'legacy-functions',
      range('/functions'),
      'This is the form of SCAR before 4. Now functions is a mapping: write aws: below it, and each function as "- lambda:" with its fields below.'
    );
    return;
  }
  if (!isMap(functions)) {
    report(
      'wrong-type',
      range('/functions'),
      'functions is a mapping. Write oscar: below it, and the services as a list below that.'
    );
    return;
  }
  const { oscar, aws } = functions;
  if (Array.isArray(aws)) {
    sections.aws = aws;
  } else if (aws !== undefined && aws !== null) {
    report('wrong-type', range('/functions/aws'), 'functions.aws is a list. Put "- " before each function.');
  }
  if (Array.isArray(oscar)) {
    oscar.forEach((item, index) => readItem(item, join('/functions/oscar', index), sections.oscar, range, report));
  } else if (isMap(oscar)) {
    report('wrong-type', range('/functions/oscar'), 'functions.oscar is a list. Put "- " before each cluster id.');
    readItem(oscar, '/functions/oscar', sections.oscar, range, report);
  } else if (oscar !== undefined && oscar !== null) {
    report(
      'wrong-type',
      range('/functions/oscar'),
      'functions.oscar is a list of services, each below the id of its cluster.'
    );
  }
  if ((oscar === undefined || oscar === null) && (aws === undefined || aws === null)) {
    report(
      'no-functions',
      range('/functions'),
      'There is no service below functions. Write oscar: with a list of services.'
    );
  }
}

function readItem(
  item: FdlValue,
  pointer: string,
  entries: IFdlEntry[],
  range: (pointer: string) => IRange,
  report: Report
): void {
  if (!isMap(item)) {
    report(
      'wrong-type',
      range(pointer),
      'Each service is a mapping: the id of a cluster, and below it the service. Write "- default-cluster:" and the fields below it, indented.'
    );
    return;
  }
  const keys = Object.keys(item);
  if (keys.some(key => SERVICE_KEYS.includes(key) && !isMap(item[key]))) {
    report(
      'missing-cluster-id',
      range(pointer),
      'The id of the cluster is missing. Write "- default-cluster:" and put the fields of the service below it, indented.'
    );
    entries.push({ clusterId: '', service: item, pointer });
    return;
  }
  if (keys.length === 0) {
    report(
      'wrong-type',
      range(pointer),
      'This item is empty. Write "- default-cluster:" and the fields of the service below it, indented.'
    );
  }
  for (const key of keys) {
    const service = item[key];
    const at = join(pointer, key);
    if (isMap(service)) {
      entries.push({ clusterId: key, service, pointer: at });
    } else {
      report(
        'wrong-type',
        range(at),
        service === null
          ? `The service below ${key} is empty. Indent its fields further than ${key}.`
          : `Below ${key} stands the service, a mapping with name, image and script.`
      );
    }
  }
}
