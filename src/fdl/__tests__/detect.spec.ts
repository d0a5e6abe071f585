import { isFdl, isFdlPath, looksLikeFdl } from '../detect';

describe('what is FDL', () => {
  it.each(['fdl.yaml', 'a/fdl.yml', 'x.fdl.yaml', 'ocr-fdl.yml', 'ocr.fdl'])('%s by its name', path => {
    expect(isFdlPath(path)).toBe(true);
  });

  it.each(['fdl.json', 'myfdl.yaml', 'fdl', 'fdl.yaml.bak', '.fdl'])('%s not by its name', path => {
    expect(isFdlPath(path)).toBe(false);
  });

  it('YAML by what is in it', () => {
    expect(looksLikeFdl('# x\nfunctions: # all\n\n  # these\n  oscar:\n  - a: {}\n')).toBe(true);
    expect(looksLikeFdl('functions:\r\n    aws:\r\n')).toBe(true);
    expect(looksLikeFdl('functions: {oscar: []}')).toBe(true);
    expect(looksLikeFdl('functions:\n  hello:\n    handler: x\n')).toBe(false);
    expect(looksLikeFdl('oscar:\n  functions:\n')).toBe(false);
    expect(isFdl('notes.md', 'functions:\n  oscar:\n')).toBe(false);
    expect(isFdl('any.yaml', 'functions:\n  oscar:\n')).toBe(true);
  });
});
