import type { IEditableText } from '../apply';
import { applyEdits, applyInOrder, replaceText } from '../apply';

/** A text that counts its transactions and steps of undo. */
class FakeText {
  constructor(public source: string) {}

  transactions = 0;
  steps = 0;
  changed: [number, number, string][] = [];
  undoManager = { stopCapturing: () => void this.steps++ };

  updateSource = (from: number, to: number, insert = ''): void => {
    this.changed.push([from, to, insert]);
    this.source = this.source.slice(0, from) + insert + this.source.slice(to);
  };

  transact = (work: () => void): void => {
    this.transactions++;
    work();
  };
}

const edited = (text: FakeText): IEditableText => text as unknown as IEditableText;

describe('edits of a document', () => {
  it('refer to the text before any of them, and are one step', () => {
    const text = new FakeText('one\ntwo\nthree\n');
    applyEdits(edited(text), [
      { line: 1, column: 1, endLine: 1, endColumn: 4, text: 'eins' },
      { line: 3, column: 1, endLine: 3, endColumn: 6, text: 'drei' }
    ]);
    expect(text.source).toBe('eins\ntwo\ndrei\n');
    expect(text.transactions).toBe(1);
    expect(text.steps).toBe(2);
  });

  it('of the canvas follow one another', () => {
    const text = new FakeText('ab');
    applyInOrder(edited(text), [
      { from: 1, to: 1, insert: 'x' },
      { from: 2, to: 3, insert: '' }
    ]);
    expect(text.source).toBe('ax');
    applyInOrder(edited(text), []);
    expect(text.transactions).toBe(1);
  });

  it('touch only what differs', () => {
    const text = new FakeText('aaa b ccc');
    replaceText(edited(text), 'aaa bb ccc');
    expect(text.source).toBe('aaa bb ccc');
    expect(text.changed).toEqual([[5, 5, 'b']]);
  });
});
