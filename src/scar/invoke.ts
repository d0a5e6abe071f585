import type { AwsInvokeRequest, FileRef } from '../contract';

export type InputKind = 'text' | 'json' | 'file' | 'script';

/**
 * The call that a form asks for. Nothing is sent when nothing was typed: the function gets an empty event.
 *
 * @throws SyntaxError when what was typed as JSON is none
 */
export function requestOf(form: {
  kind: InputKind;
  text: string;
  file?: FileRef;
  via: 'lambda' | 'api';
  async: boolean;
}): AwsInvokeRequest {
  const { kind, text, file, via } = form;
  const options = { ...(via === 'api' ? { via } : {}), ...(form.async ? { async: true } : {}) };
  if (kind === 'file') {
    return file ? { ...options, file } : options;
  }
  if (text.trim() === '') {
    return options;
  }
  if (kind === 'json') {
    return { ...options, json: JSON.parse(text) as unknown };
  }
  return kind === 'script' ? { ...options, script: text } : { ...options, text };
}
