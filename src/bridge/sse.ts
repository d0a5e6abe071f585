/**
 * One message of a Server-Sent Events stream.
 */
export interface ISseMessage {
  id?: string;
  event: string;
  data: string;
}

/**
 * Takes pieces of an event stream, as they come, and gives the messages that are complete (WHATWG HTML, §9.2.6).
 */
export class SseParser {
  /** Messages that `piece` completes. */
  push(piece: string): ISseMessage[] {
    this._rest += piece;
    const messages: ISseMessage[] = [];
    for (;;) {
      const match = /\r\n|\n|\r/.exec(this._rest);
      // A lone CR at the end may be the first half of CRLF.
      if (!match || (match[0] === '\r' && match.index === this._rest.length - 1)) {
        return messages;
      }
      const line = this._rest.slice(0, match.index);
      this._rest = this._rest.slice(match.index + match[0].length);
      const message = this._line(line);
      if (message) {
        messages.push(message);
      }
    }
  }

  private _line(line: string): ISseMessage | null {
    if (line === '') {
      const data = this._data;
      const event = this._event || 'message';
      this._data = [];
      this._event = '';
      return data.length === 0 ? null : { id: this._id, event, data: data.join('\n') };
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this._data.push(value);
    } else if (field === 'event') {
      this._event = value;
    } else if (field === 'id' && !value.includes('\0')) {
      this._id = value;
    }
    return null;
  }

  private _rest = '';
  private _data: string[] = [];
  private _event = '';
  private _id: string | undefined = undefined;
}
