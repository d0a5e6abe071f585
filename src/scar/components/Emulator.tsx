import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import { useRun, useView } from '../../oscar/components/context';
import { Button, IconButton, ProblemBox, ProgressBar, StateIcon } from '../../oscar/components/parts';
import { useScar } from '../hooks';
import { PIP_LINE } from '../words';

/** Says on every surface that nothing here is on AWS, and what the emulator does not do. */
export function EmulatorBanner(): JSX.Element | null {
  const { trans } = useView();
  const [, state] = useScar();
  const run = useRun();
  if (!state.context?.emulator) {
    return null;
  }
  const missing = state.emulator?.notCovered ?? [];
  return (
    <div className="jp-OscarEmulator" role="note">
      <StateIcon tone="warn" label={trans.__('Emulator')} />
      <div>
        <strong>{trans.__('Local AWS emulator: nothing runs on AWS')}</strong>
        {missing.length > 0 && (
          <details>
            <summary>{trans.__('What it does not do')}</summary>
            <ul>
              {missing.map(item => (
                <li key={item}>{item}</li>
              ))}
            </ul>
          </details>
        )}
      </div>
      <button type="button" className="jp-OscarLink" onClick={() => run(CommandIDs.leaveAwsEmulator)}>
        {trans.__('Leave')}
      </button>
    </div>
  );
}

/** The way to try all this without an account. */
export function EmulatorOffer(): JSX.Element | null {
  const { trans } = useView();
  const [, state] = useScar();
  const run = useRun();
  const { emulator } = state;
  if (!emulator) {
    return null;
  }
  if (!emulator.installed) {
    return (
      <div className="jp-OscarScarOffer">
        <p>{trans.__('To try it without an account, install the local AWS emulator, then try again:')}</p>
        <div className="jp-OscarCopyLine">
          <code>{PIP_LINE}</code>
          <IconButton
            icon={copyIcon}
            label={trans.__('Copy the command')}
            onClick={() => void navigator.clipboard?.writeText(PIP_LINE)}
          />
        </div>
      </div>
    );
  }
  const starting = emulator.state === 'starting' || state.switching;
  return (
    <div className="jp-OscarScarOffer">
      <p>{trans.__('Or try it on this machine, without an account: nothing runs on AWS, nothing costs.')}</p>
      {emulator.problem && <ProblemBox problem={emulator.problem} />}
      {starting ? (
        <ProgressBar label={trans.__('The emulator starts…')} />
      ) : (
        <Button accept onClick={() => run(CommandIDs.useAwsEmulator)}>
          {trans.__('Use the local AWS emulator')}
        </Button>
      )}
    </div>
  );
}
