import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { AwsFunction, AwsInvocation, AwsInvokeRequest, FileRef } from '../../contract';
import { useAction } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox } from '../../oscar/components/parts';
import { uploadFile } from '../../oscar/upload';
import type { InputKind } from '../invoke';
import { requestOf } from '../invoke';
import { InvocationPane } from './InvocationPane';

/** Code needs no translation. */
const PLACEHOLDERS: Partial<Record<InputKind, string>> = {
  json: '{"key": "value"}',
  script: '#!/bin/sh\necho "hello"'
};

interface IChosen {
  label: string;
  ref: FileRef | File;
}

/** Calls a function with a file, JSON, text or a script, and shows what it answers. */
export function InvokePane(props: { item: AwsFunction }): JSX.Element {
  const { item } = props;
  const { model, trans, chooseFiles } = useView();
  const [kind, setKind] = React.useState<InputKind>('text');
  const [text, setText] = React.useState('');
  const [file, setFile] = React.useState<IChosen | null>(null);
  const [via, setVia] = React.useState<'lambda' | 'api'>('lambda');
  const [waits, setWaits] = React.useState(true);
  const { busy, value, problem, run } = useAction<AwsInvocation>();
  const picker = React.useRef<HTMLInputElement>(null);
  const kinds: [InputKind, string][] = [
    ['text', trans.__('Text')],
    ['json', trans.__('JSON')],
    ['file', trans.__('File')],
    ['script', trans.__('Script')]
  ];
  const ready = kind === 'file' ? file !== null : kind !== 'script' || text.trim() !== '';

  const send = async (): Promise<AwsInvocation> => {
    let ref: FileRef | undefined;
    if (kind === 'file' && file) {
      ref =
        file.ref instanceof File ? { upload: await uploadFile({ target: model.client, file: file.ref }) } : file.ref;
    }
    const request: AwsInvokeRequest = requestOf({ kind, text, file: ref, via, async: !waits });
    return model.client.aws.invoke(item.name, request);
  };
  const choose = (): void => {
    chooseFiles?.(trans.__('Invoke %1 with a file', item.name)).then(
      paths => paths[0] !== undefined && setFile({ label: paths[0], ref: { contents: paths[0] } }),
      reason => console.error('No file could be chosen', toProblem(reason).detail)
    );
  };

  return (
    <>
      <form
        className="jp-OscarInvoke"
        aria-label={trans.__('Invoke %1', item.name)}
        onSubmit={event => {
          event.preventDefault();
          run(send);
        }}
      >
        <div className="jp-OscarChoices" role="radiogroup" aria-label={trans.__('Input')}>
          {kinds.map(([id, label]) => (
            <label key={id}>
              <input
                type="radio"
                name={`oscar-invoke-${item.name}`}
                checked={kind === id}
                onChange={() => setKind(id)}
              />
              {label}
            </label>
          ))}
        </div>
        {kind === 'file' ? (
          <div className="jp-OscarButtons">
            {chooseFiles && <Button onClick={choose}>{trans.__('From the file browser…')}</Button>}
            <Button onClick={() => picker.current?.click()}>{trans.__('From this computer…')}</Button>
            <input
              ref={picker}
              type="file"
              hidden
              aria-label={trans.__('File of this computer')}
              onChange={event => {
                const chosen = event.target.files?.[0];
                if (chosen) {
                  setFile({ label: chosen.name, ref: chosen });
                }
              }}
            />
            <span className="jp-OscarInvoke-file" role="status">
              {file?.label ?? trans.__('no file chosen')}
            </span>
          </div>
        ) : (
          <label className="jp-OscarField">
            {kind === 'script' ? trans.__('Shell script that runs instead of its own') : trans.__('Input')}
            <textarea
              rows={kind === 'text' ? 4 : 8}
              value={text}
              spellCheck={false}
              placeholder={PLACEHOLDERS[kind]}
              onChange={event => setText(event.target.value)}
              onKeyDown={event => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey || event.shiftKey)) {
                  event.preventDefault();
                  event.stopPropagation();
                  run(send);
                }
              }}
            />
          </label>
        )}
        <div className="jp-OscarChoices">
          {item.api && (
            <label>
              <input
                type="checkbox"
                checked={via === 'api'}
                onChange={event => setVia(event.target.checked ? 'api' : 'lambda')}
              />
              {trans.__('Over its HTTP address')}
            </label>
          )}
          <label>
            <input type="checkbox" checked={waits} onChange={event => setWaits(event.target.checked)} />
            {trans.__('Wait for the answer')}
          </label>
        </div>
        <div className="jp-OscarButtons">
          <button type="submit" className="jp-OscarButton jp-mod-accept" disabled={busy || !ready}>
            {busy ? trans.__('Running…') : trans.__('Invoke')}
          </button>
        </div>
      </form>
      {problem && <ProblemBox problem={problem} />}
      {value && <InvocationPane invocation={value} />}
    </>
  );
}
