import type { ComputeRequest } from '../../contract';
import { invalid } from './places';

/** What a configuration says, as fields of a request, and what of it means nothing here. */
export interface IConfigured {
  fields: Partial<ComputeRequest>;
  /** Sentences for the user. */
  notes: string[];
}

const KIB = 1024;
const MIB = 1024 * 1024;
const NUMBERS = [
  'MapperNodes',
  'MinBlockSize',
  'MaxBlockSize',
  'MapperMemory',
  'ReducerMemory',
  'TimeOut',
  'ReducersNumber'
] as const;
/** Keys that are about AWS. */
const NOT_HERE: Record<string, string> = {
  Region: 'no function is created in a region',
  RoleARN: 'workers need no role',
  KMSKeyARN: 'there is no environment to encrypt',
  FunctionsDir: 'the functions come with the job',
  FunctionsFile: 'the functions come with the job'
};
const KNOWN = new Set<string>([...NUMBERS, ...Object.keys(NOT_HERE), 'ClusterName', 'BucketIn', 'BucketOut']);

/**
 * MARLA's `config.in`: lines `Key: value` with the key in the first column; other lines are comments. Sizes of blocks are KB, of memory MB.
 *
 * @throws BridgeError for values that MARLA would not take either: no name, one bucket for both, numbers that are none.
 */
export function readMarlaConfig(text: string): IConfigured {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^([A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (match && KNOWN.has(match[1])) {
      values.set(match[1], match[2]);
    }
  }
  const name = values.get('ClusterName') ?? '';
  if (name === '' || name.includes('/')) {
    throw invalid('`ClusterName` is missing in config.in, or has a slash in it.', 'Give the job a name there.');
  }
  const number = numbersOf(values);
  const { fields: places, notes } = placesOf(values, name);
  for (const [key, why] of Object.entries(NOT_HERE)) {
    if (values.get(key)) {
      notes.push(`\`${key}\` of config.in means nothing here: ${why}.`);
    }
  }
  const memory = Math.max(number.MapperMemory ?? 0, number.ReducerMemory ?? 0);
  if (memory > 0 && number.MapperMemory !== number.ReducerMemory) {
    notes.push(`All workers may take ${memory} MB, the larger of \`MapperMemory\` and \`ReducerMemory\`.`);
  }
  return {
    fields: {
      name,
      ...places,
      mapreduce: {
        ...(number.MapperNodes === undefined ? {} : { mappers: number.MapperNodes }),
        ...(number.ReducersNumber === undefined ? {} : { reducers: number.ReducersNumber }),
        ...(number.MinBlockSize ? { minBlock: number.MinBlockSize * KIB } : {}),
        ...(number.MaxBlockSize === undefined ? {} : { maxBlock: number.MaxBlockSize * KIB })
      },
      ...(memory > 0 ? { memory: memory * MIB } : {}),
      ...(number.TimeOut === undefined ? {} : { timeout: number.TimeOut })
    },
    notes
  };
}

/** MARLA maps what is in the folder of the job's name in the one bucket, and writes to that of the other. */
function placesOf(
  values: ReadonlyMap<string, string>,
  name: string
): { fields: Pick<Partial<ComputeRequest>, 'input' | 'output'>; notes: string[] } {
  const from = values.get('BucketIn') ?? '';
  const to = values.get('BucketOut') ?? '';
  if (from !== '' && from === to) {
    throw invalid(
      '`BucketIn` and `BucketOut` of config.in are the same.',
      'Results would be input again: name two buckets.'
    );
  }
  return {
    fields: {
      ...(from === '' ? {} : { input: [{ bucket: from, prefix: `${name}/` }] }),
      ...(to === '' ? {} : { output: { bucket: to, prefix: name } })
    },
    notes: []
  };
}

function numbersOf(values: ReadonlyMap<string, string>): Partial<Record<(typeof NUMBERS)[number], number>> {
  const found: Partial<Record<(typeof NUMBERS)[number], number>> = {};
  for (const key of NUMBERS) {
    const text = values.get(key);
    if (text === undefined || text === '') {
      continue;
    }
    const least = key === 'MinBlockSize' || key === 'MaxBlockSize' ? 0 : 1;
    if (!/^\d+$/.test(text) || Number(text) < least || !Number.isSafeInteger(Number(text) * MIB)) {
      throw invalid(
        `\`${key}\` of config.in is “${text.slice(0, 50)}”.`,
        `It must be a whole number, at least ${least}.`
      );
    }
    found[key] = Number(text);
  }
  return found;
}
