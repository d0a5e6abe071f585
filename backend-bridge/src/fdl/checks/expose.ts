import { asList, asText, isMap, join } from '../pointer';
import { type Reporter } from './reporter';
import type { FdlValue, IFdlEntry } from '../types';
import type { IDialect } from '../version';

/** Rules of exposed services: the server applies no defaults to them. */
export function checkExpose(entry: IFdlEntry, dialect: IDialect, reporter: Reporter): void {
  const expose = entry.service.expose;
  const at = join(entry.pointer, 'expose');
  if (!isMap(expose) || Object.keys(expose).length === 0) {
    return;
  }
  const written = Object.keys(expose);
  if (written.every(key => expose[key] === 0 || expose[key] === false || expose[key] === '' || expose[key] === null)) {
    return;
  }
  const first = join(at, written[0]);
  // Without min_scale there is one copy; the others are sent as 0, which every cluster refuses.
  const wanted: [string, string, string][] = [
    ['min_scale', 'min_scale: 1', 'warning'],
    ['max_scale', 'max_scale: 1', 'error'],
    ['cpu_threshold', 'cpu_threshold: 80', 'error'],
    ['api_port', dialect.portLists ? 'api_port: [8080]' : 'api_port: 8080', 'error']
  ];
  for (const [key, line, severity] of wanted) {
    if (expose[key] === undefined || expose[key] === null) {
      reporter.add({
        code: 'expose-field-missing',
        at,
        on: 'key',
        severity: severity as 'warning' | 'error',
        message: `expose needs ${key}: the cluster has no default for it. Write ${line}.`,
        fix: reporter.insertInto(at, first, line)
      });
    }
  }
  checkPorts('api_port', expose.api_port, at, dialect, reporter, 1, 65535);
  checkPorts('nodePort', expose.nodePort, at, dialect, reporter, 30000, 32767);
  const ports = asList(expose.api_port);
  const nodePorts = asList(expose.nodePort);
  if (nodePorts.length > 0 && ports.length !== nodePorts.length) {
    reporter.error(
      'node-port-count',
      join(at, 'nodePort'),
      `There are ${ports.length} ports and ${nodePorts.length} node ports. Give each port one; 0 is any.`
    );
  }
  const { min_scale: min, max_scale: max, cpu_threshold: threshold, health_path: health } = expose;
  if (typeof max === 'number' && max < 1) {
    reporter.error(
      'bad-scale',
      join(at, 'max_scale'),
      'max_scale has to be at least 1.',
      reporter.replace(join(at, 'max_scale'), '1')
    );
  } else if (typeof min === 'number' && typeof max === 'number' && min > max) {
    reporter.error(
      'scale-order',
      join(at, 'min_scale'),
      `min_scale is ${min} and max_scale ${max}. min_scale may not be more.`
    );
  }
  if (typeof min === 'number' && min < 0) {
    reporter.error('bad-scale', join(at, 'min_scale'), 'min_scale has to be 0 or more.');
  }
  if (typeof threshold === 'number' && (threshold < 1 || threshold > 100)) {
    reporter.error(
      'bad-threshold',
      join(at, 'cpu_threshold'),
      'cpu_threshold is a percentage, 1 to 100.',
      reporter.replace(join(at, 'cpu_threshold'), '80')
    );
  }
  if (typeof health === 'string' && health !== '' && !health.startsWith('/')) {
    reporter.error(
      'bad-health-path',
      join(at, 'health_path'),
      `health_path begins with a slash. Write /${health}.`,
      reporter.replace(join(at, 'health_path'), `/${health}`)
    );
  }
}

function checkPorts(
  key: string,
  value: FdlValue | undefined,
  pointer: string,
  dialect: IDialect,
  reporter: Reporter,
  low: number,
  high: number
): void {
  const at = join(pointer, key);
  if (value === undefined || value === null) {
    return;
  }
  const list = Array.isArray(value) ? value : [value];
  list.forEach((item, index) => {
    const place = Array.isArray(value) ? join(at, index) : at;
    if (typeof item !== 'number' || !Number.isInteger(item)) {
      const number = typeof item === 'string' && /^\d+$/.test(item.trim()) ? item.trim() : undefined;
      reporter.error(
        'wrong-type',
        place,
        `A port is a whole number, without quotes.`,
        number ? reporter.replace(place, number) : undefined
      );
    } else if (!(key === 'nodePort' && item === 0) && (item < low || item > high)) {
      reporter.error(
        'bad-port',
        place,
        `${key} has to be between ${low} and ${high}${key === 'nodePort' ? ', or 0 for any' : ''}.`
      );
    }
  });
  if (dialect.portLists && !Array.isArray(value) && !isMap(value)) {
    reporter.warning(
      'ports-form',
      at,
      `Since OSCAR 4.1 ${key} is a list. Write [${asText(value)}]; it is translated when it is deployed.`,
      reporter.replace(at, `[${asText(value)}]`)
    );
  } else if (!dialect.portLists && Array.isArray(value)) {
    const version = dialect.version.join('.');
    if (value.length > 1) {
      reporter.error(
        'ports-form',
        at,
        `OSCAR ${version} takes one port. Keep the first.`,
        reporter.replace(at, asText(value[0]))
      );
    } else if (value.length === 1) {
      reporter.warning(
        'ports-form',
        at,
        `OSCAR ${version} takes a number here. Write ${asText(value[0])}; it is translated when it is deployed.`,
        reporter.replace(at, asText(value[0]))
      );
    }
  }
}
