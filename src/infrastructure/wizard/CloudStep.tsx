import { deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { CloudCredential, CloudProvider, CredentialTest } from '../../contract';
import { useAction, useAnswer } from '../../oscar/components/answer';
import { useRun, useView } from '../../oscar/components/context';
import { Button, IconButton, ProblemBox, Skeleton, StateIcon } from '../../oscar/components/parts';
import { TokenLine } from '../components/TokenLine';
import { useInfrastructures } from '../hooks';
import { CredentialForm } from './CredentialForm';
import type { IStepProps } from './Wizard';

/** Which cloud it is made on, and through which Infrastructure Manager. */
export function CloudStep(props: IStepProps): JSX.Element {
  const { draft, onChange } = props;
  const { model, trans } = useView();
  const read = React.useCallback(async () => {
    const { infrastructures } = model.client;
    const [credentials, providers] = await Promise.all([infrastructures.credentials(), infrastructures.providers()]);
    return { credentials, providers };
  }, [model]);
  const { value, problem, again } = useAnswer(read);
  const [adding, setAdding] = React.useState(false);
  const items = value?.credentials ?? [];

  // With one cloud there is nothing to choose.
  const only = items.length === 1 && draft.credential === undefined ? items[0].id : undefined;
  React.useEffect(() => {
    if (only !== undefined) {
      onChange({ credential: only });
    }
  }, [only, onChange]);

  const remove = async (id: string): Promise<void> => {
    await model.client.infrastructures.removeCredential(id);
    if (draft.credential === id) {
      onChange({ credential: undefined });
    }
    again();
  };
  const showForm = value !== undefined && (adding || items.length === 0);
  return (
    <>
      <ServerLine />
      <TokenLine />
      {problem && (
        <ProblemBox problem={problem}>
          <Button onClick={again}>{trans.__('Try again')}</Button>
        </ProblemBox>
      )}
      {!value && !problem && <Skeleton label={trans.__('Loading clouds…')} rows={2} />}
      {items.length > 0 && (
        <div className="jp-OscarOptions" role="radiogroup" aria-label={trans.__('Cloud')}>
          {items.map(item => (
            <Credential
              key={item.id}
              item={item}
              provider={value?.providers.find(each => each.type === item.type)}
              chosen={draft.credential === item.id}
              onChoose={() => onChange({ credential: item.id })}
              onRemove={() => remove(item.id)}
            />
          ))}
        </div>
      )}
      {value && items.length === 0 && (
        <p className="jp-OscarHint">
          {trans.__('No cloud credentials yet. They go to this JupyterLab’s own store, once, and never come out.')}
        </p>
      )}
      {showForm && value ? (
        <CredentialForm
          providers={value.providers}
          taken={items.map(item => item.id)}
          onDone={id => {
            setAdding(false);
            if (id !== undefined) {
              onChange({ credential: id });
            }
            again();
          }}
          cancellable={items.length > 0}
        />
      ) : (
        <div className="jp-OscarButtons">
          <Button onClick={() => setAdding(true)}>{trans.__('Add a cloud…')}</Button>
        </div>
      )}
    </>
  );
}

/** Which Infrastructure Manager is used, and how it is. */
function ServerLine(): JSX.Element | null {
  const { trans } = useView();
  const [, { server }] = useInfrastructures();
  const run = useRun();
  if (!server) {
    return null;
  }
  const word = {
    ok: trans.__('works'),
    unreachable: trans.__('cannot be reached'),
    refused: trans.__('refuses'),
    unset: trans.__('not set')
  }[server.state];
  const tone = server.state === 'ok' ? 'ok' : server.state === 'unset' ? 'off' : 'bad';
  return (
    <>
      <div className="jp-OscarToken">
        <StateIcon tone={tone} label={word} />
        <span className="jp-OscarToken-text" title={server.url}>
          {trans.__('Infrastructure Manager')}
          <small>{[server.url, server.version, word].filter(Boolean).join(' · ')}</small>
        </span>
        <Button onClick={() => run(CommandIDs.imServer)}>
          {server.state === 'unset' ? trans.__('Set…') : trans.__('Change…')}
        </Button>
      </div>
      {server.problem && server.state !== 'unset' && <ProblemBox problem={server.problem} />}
    </>
  );
}

function Credential(props: {
  item: CloudCredential;
  provider: CloudProvider | undefined;
  chosen: boolean;
  onChoose: () => void;
  onRemove: () => Promise<void>;
}): JSX.Element {
  const { item, provider, chosen, onChoose, onRemove } = props;
  const { model, trans } = useView();
  const test = useAction<CredentialTest>();
  const removal = useAction<void>();
  const shown = Object.values(item.shown).filter(Boolean).join(' · ');
  const problem = test.problem ?? removal.problem;
  return (
    <div className="jp-OscarOption">
      <input
        id={`oscar-cloud-${item.id}`}
        type="radio"
        name="oscar-wizard-cloud"
        checked={chosen}
        onChange={onChoose}
      />
      <span className="jp-OscarOption-text">
        <label htmlFor={`oscar-cloud-${item.id}`} className="jp-OscarOption-title">
          {item.id}
        </label>
        <small>{[provider?.title ?? item.type, shown].filter(Boolean).join(' · ')}</small>
        {test.value && (
          <span className="jp-OscarInvoke-facts" role="status">
            <StateIcon
              tone={test.value.works ? 'ok' : 'bad'}
              label={test.value.works ? trans.__('Works') : trans.__('Does not work')}
            />
            {test.value.works ? trans.__('It works.') : (test.value.reason ?? trans.__('It does not work.'))}
            <small>{test.value.checked}</small>
          </span>
        )}
        {problem && <ProblemBox problem={problem} />}
      </span>
      <span className="jp-OscarOption-actions">
        <Button
          disabled={test.busy}
          onClick={() => test.run(() => model.client.infrastructures.testCredential(item.id))}
        >
          {test.busy ? trans.__('Testing…') : trans.__('Test')}
        </Button>
        <IconButton
          icon={deleteIcon}
          label={trans.__('Forget %1', item.id)}
          disabled={removal.busy}
          onClick={() => removal.run(onRemove)}
        />
      </span>
    </div>
  );
}
