/** Values of the FDL that the conversion writes: no nulls, no dates. */
export type YamlValue = string | number | boolean | YamlValue[] | IYamlMap;
export interface IYamlMap {
  [key: string]: YamlValue | undefined;
}

/** Text that YAML 1.1 and 1.2 both read as this very text. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const WORDS = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** A scalar as YAML writes it; what could be read as anything but this text is quoted. */
export function yamlText(value: string): string {
  if (PLAIN.test(value) && !WORDS.test(value)) {
    return value;
  }
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/.test(value)) {
    // JSON's escapes are YAML's; what JSON leaves as it is and YAML may not read is escaped, too.
    return JSON.stringify(value).replace(
      /[\u007f-\u009f\u2028\u2029\ufeff]/g,
      unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
    );
  }
  return `'${value.replace(/'/g, "''")}'`;
}

/** Block style with two spaces; lists stand under their key. Undefined values are left out. */
export function yamlLines(map: IYamlMap, indent: string): string[] {
  const lines: string[] = [];
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined) {
      continue;
    }
    const name = `${indent}${yamlText(key)}:`;
    if (Array.isArray(value)) {
      lines.push(...listLines(name, value, indent));
    } else if (typeof value === 'object') {
      const inner = yamlLines(value, `${indent}  `);
      lines.push(...(inner.length === 0 ? [`${name} {}`] : [name, ...inner]));
    } else {
      lines.push(`${name} ${scalar(value)}`);
    }
  }
  return lines;
}

function scalar(value: string | number | boolean): string {
  return typeof value === 'string' ? yamlText(value) : String(value);
}

function listLines(name: string, list: YamlValue[], indent: string): string[] {
  if (list.every(item => typeof item !== 'object')) {
    return [`${name} [${list.map(item => scalar(item as string)).join(', ')}]`];
  }
  return [
    name,
    ...list.flatMap(item => {
      if (typeof item !== 'object' || Array.isArray(item)) {
        return [`${indent}- ${JSON.stringify(item)}`];
      }
      const inner = yamlLines(item, `${indent}  `);
      return inner.length === 0 ? [`${indent}- {}`] : [`${indent}- ${inner[0].trimStart()}`, ...inner.slice(1)];
    })
  ];
}
