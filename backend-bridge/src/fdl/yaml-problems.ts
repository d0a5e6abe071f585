import type { ErrorCode } from 'yaml';

/** Our code and words for what the YAML parser finds. */
interface IWords {
  code: string;
  message: string;
}

const WORDS: Partial<Record<ErrorCode, IWords>> = {
  TAB_AS_INDENT: { code: 'tab', message: 'YAML is indented with spaces. Replace this tab by spaces.' },
  BAD_INDENT: { code: 'bad-indent', message: 'The indentation does not fit. Write keys of one level in one column.' },
  BAD_ALIAS: {
    code: 'bad-alias',
    message: 'This alias is not valid. Write *name for an anchor &name that stands before it.'
  },
  MULTIPLE_DOCS: {
    code: 'several-documents',
    message: 'An FDL file holds one document. Remove what follows this ---.'
  },
  MULTILINE_IMPLICIT_KEY: {
    code: 'yaml-syntax',
    message: 'A key has to stand on one line and end in a colon. Check the colons and the quotes before this place.'
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: 'yaml-syntax',
    message: 'A mapping cannot stand here. Start it on a line of its own, indented, or put the text in quotes.'
  },
  MISSING_CHAR: {
    code: 'yaml-syntax',
    message: 'Something is missing here: a closing quote, bracket or brace, or a comma or colon.'
  },
  BAD_DQ_ESCAPE: {
    code: 'yaml-syntax',
    message: 'This escape is not known. Write a backslash twice, or use single quotes.'
  },
  BAD_SCALAR_START: { code: 'yaml-syntax', message: 'A text cannot start with this character. Put it in quotes.' },
  TAG_RESOLVE_FAILED: { code: 'unknown-tag', message: 'This tag is not known here. Remove it.' },
  KEY_OVER_1024_CHARS: { code: 'yaml-syntax', message: 'This key is too long. Keys have at most 1,024 characters.' },
  UNEXPECTED_TOKEN: {
    code: 'yaml-syntax',
    message:
      'This does not belong here. Check the indentation, the quotes, and that each key ends in a colon and a space.'
  },
  BAD_DIRECTIVE: {
    code: 'yaml-syntax',
    message: 'A line that begins with % is a directive of YAML. Remove it or put it in quotes.'
  },
  RESOURCE_EXHAUSTION: { code: 'too-deep', message: 'The file is nested too deeply.' }
};

/** Words for one error of the parser. */
export function describeYamlError(code: string, text: string): IWords {
  const words = WORDS[code as ErrorCode];
  if (words) {
    return words;
  }
  const first = text.split('\n')[0].replace(/\s+/g, ' ').trim();
  return {
    code: 'yaml-syntax',
    message: `This is not valid YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}${/[.!?]$/.test(first) ? '' : '.'}`
  };
}
