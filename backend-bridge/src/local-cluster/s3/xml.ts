import { StoreError } from './errors';

/** An element: its children by order, and the text between them. Namespaces are cut off. */
export interface IXmlElement {
  name: string;
  children: IXmlElement[];
  text: string;
}

const MAX_DEPTH = 20;
const MAX_ELEMENTS = 50_000;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text that may stand in an element; what XML cannot hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r\n\t]/g, character => REPLACE[character]).replace(NOT_XML, '\uFFFD');
}

// eslint-disable-next-line no-control-regex
const NOT_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

const REPLACE: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\t': '&#x9;'
};

/**
 * Reads the small documents that S3 clients send. No document type, no entities but the five built in: nothing can expand.
 *
 * @throws StoreError MalformedXML
 */
export function parseXml(text: string): IXmlElement {
  const fail = (): never => {
    throw new StoreError('MalformedXML');
  };
  const root: IXmlElement = { name: '', children: [], text: '' };
  const open: IXmlElement[] = [root];
  let count = 0;
  // Sticky: whatever is none of these stops the reading.
  const token =
    /<\?[^]*?\?>|<!--[^]*?-->|<!\[CDATA\[([^]*?)\]\]>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s<>=/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
  let match: RegExpExecArray | null;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    token.lastIndex = at;
    match = token.exec(text);
    if (match === null) {
      return fail();
    }
    at = token.lastIndex;
    const current = open[open.length - 1];
    if (match[1] !== undefined) {
      current.text += match[1];
    } else if (match[2] !== undefined) {
      if (open.length < 2 || current.name !== localName(match[2])) {
        fail();
      }
      open.pop();
    } else if (match[3] !== undefined) {
      const element: IXmlElement = { name: localName(match[3]), children: [], text: '' };
      if (++count > MAX_ELEMENTS || open.length > MAX_DEPTH || (open.length === 1 && root.children.length > 0)) {
        fail();
      }
      current.children.push(element);
      if (match[5] === '') {
        open.push(element);
      }
    } else if (match[6] !== undefined) {
      current.text += decode(match[6], fail);
    }
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim() !== '') {
    fail();
  }
  return root.children[0];
}

export function child(element: IXmlElement, name: string): IXmlElement | undefined {
  return element.children.find(one => one.name === name);
}

export function all(element: IXmlElement, name: string): IXmlElement[] {
  return element.children.filter(one => one.name === name);
}

/** Text of a child; '' when there is none. */
export function textOf(element: IXmlElement, name: string): string {
  return child(element, name)?.text ?? '';
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function decode(text: string, fail: () => never): string {
  if (!text.includes('&')) {
    return text;
  }
  return text.replace(/&([^;&\s]{0,12});?/g, (match, name: string) => {
    if (!match.endsWith(';')) {
      return fail();
    }
    const known = ENTITIES[name];
    if (known !== undefined) {
      return known;
    }
    const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    const point = number === null ? NaN : number[1] ? parseInt(number[1], 16) : parseInt(number[2], 10);
    if (!(point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000))) {
      return fail();
    }
    return String.fromCodePoint(point);
  });
}
