import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { AwsContext, AwsProfile } from '../../contract';
import { useRun, useView } from '../../oscar/components/context';
import { Button, IconButton, ProblemBox, StateIcon } from '../../oscar/components/parts';
import { useScar } from '../hooks';
import { contextWord, REGIONS } from '../words';
import { EmulatorBanner, EmulatorOffer } from './Emulator';

const EMULATOR = '\0emulator';
const OTHER = '\0other';

/** What is typed in a terminal needs no translation. */
const VARIABLES = 'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY';
const CONFIGURE = 'aws configure';
const SSO = 'aws configure sso; aws sso login';

/** The head of the panel: as whom and where calls are made, and what to do when they cannot be. */
export function ContextBar(): JSX.Element {
  const { trans } = useView();
  const [, state] = useScar();
  const run = useRun();
  const { context, profiles } = state;
  const { word, tone } =
    state.switching || state.phase === 'loading'
      ? { word: trans.__('checking…'), tone: 'busy' as const }
      : state.phase === 'failed'
        ? { word: trans.__('not available'), tone: 'bad' as const }
        : contextWord(context, trans);

  const onProfile = (event: React.ChangeEvent<HTMLSelectElement>): void => {
    const { value } = event.target;
    if (value === EMULATOR) {
      run(CommandIDs.useAwsEmulator);
    } else {
      run(CommandIDs.useAwsProfile, { profile: value });
    }
  };
  const onRegion = (event: React.ChangeEvent<HTMLSelectElement>): void => {
    const { value } = event.target;
    run(CommandIDs.useAwsRegion, value === OTHER ? {} : { region: value });
  };
  const regions = !context || REGIONS.includes(context.region) ? REGIONS : [context.region, ...REGIONS];
  return (
    <div className="jp-OscarCluster jp-OscarScarContext">
      <div className="jp-OscarCluster-bar" role="toolbar" aria-label={trans.__('AWS account')}>
        <StateIcon tone={tone} label={word} />
        <select
          className="jp-OscarCluster-select"
          aria-label={trans.__('AWS profile')}
          value={context?.emulator ? EMULATOR : (context?.profile ?? '')}
          disabled={!context || state.switching}
          onChange={onProfile}
        >
          <option value="">{trans.__('Default credentials')}</option>
          {profiles.filter(isReal).map(profile => (
            <option key={profile.name} value={profile.name}>
              {profile.kind === 'sso' ? trans.__('%1 (SSO)', profile.name) : profile.name}
            </option>
          ))}
          <option value={EMULATOR}>{trans.__('Local AWS emulator')}</option>
        </select>
        <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={() => run(CommandIDs.refreshAws)} />
        <span className="jp-OscarScarContext-place">
          <select
            className="jp-OscarCluster-select jp-OscarScarContext-region"
            aria-label={trans.__('AWS region')}
            value={context?.region ?? ''}
            disabled={!context || state.switching}
            onChange={onRegion}
          >
            {!context && <option value="">{trans.__('Region')}</option>}
            {regions.map(region => (
              <option key={region} value={region}>
                {region}
              </option>
            ))}
            <option value={OTHER}>{trans.__('Other…')}</option>
          </select>
          <span className="jp-OscarCluster-state" role="status" title={context?.arn ?? word}>
            {word}
          </span>
        </span>
      </div>
      <EmulatorBanner />
      {state.phase === 'failed' && state.problem && (
        <ProblemBox problem={state.problem}>
          <Button accept onClick={() => run(CommandIDs.refreshAws)}>
            {trans.__('Try again')}
          </Button>
        </ProblemBox>
      )}
      {state.phase === 'ready' && context && context.state !== 'ready' && <NotReady context={context} />}
    </div>
  );
}

function isReal(profile: AwsProfile): boolean {
  return profile.kind !== 'emulator';
}

/** Why no calls can be made, and what helps. */
function NotReady(props: { context: AwsContext }): JSX.Element {
  const { context } = props;
  const { trans } = useView();
  const [, state] = useScar();
  const run = useRun();
  const { profile } = context;
  const sso =
    context.source === 'sso' ||
    state.profiles.some(item => item.name === (profile ?? 'default') && item.kind === 'sso');
  if (context.state === 'expired' || (context.state === 'no-credentials' && sso)) {
    const login = sso ? `aws sso login${profile ? ` --profile ${profile}` : ''}` : undefined;
    const problem = {
      type: context.problem?.type ?? 'urn:jupyterlab-oscar:problem:expired',
      title:
        context.state === 'expired' ? trans.__('The AWS credentials have expired') : trans.__('Not signed in to AWS'),
      status: 403,
      detail: context.expiresAt
        ? trans.__('They were valid until %1.', new Date(context.expiresAt).toLocaleString())
        : '',
      cause: context.problem?.cause,
      action: login
        ? trans.__('Run "%1" in a terminal, then try again.', login)
        : trans.__('Renew them where they come from, then try again.')
    };
    return (
      <ProblemBox problem={problem}>
        <Button accept onClick={() => run(CommandIDs.refreshAws)}>
          {trans.__('Try again')}
        </Button>
        {login && (
          <Button onClick={() => void navigator.clipboard?.writeText(login)}>{trans.__('Copy the command')}</Button>
        )}
      </ProblemBox>
    );
  }
  if (context.state === 'no-credentials') {
    return (
      <div className="jp-OscarScarHelp">
        <p>
          {profile
            ? trans.__('The profile %1 has no AWS credentials. Add them in one of these ways, then try again:', profile)
            : trans.__('No AWS credentials were found. Add them in one of these ways, then try again:')}
        </p>
        <ul>
          <li>
            {trans.__('Environment, before JupyterLab starts:')} <code>{VARIABLES}</code>
          </li>
          <li>
            {trans.__('Files of %1:', '~/.aws')} <code>{CONFIGURE}</code>
          </li>
          <li>
            {trans.__('Single sign-on:')} <code>{SSO}</code>
          </li>
        </ul>
        <div className="jp-OscarButtons">
          <Button onClick={() => run(CommandIDs.refreshAws)}>{trans.__('Try again')}</Button>
        </div>
        <EmulatorOffer />
      </div>
    );
  }
  return (
    <>
      {context.problem && (
        <ProblemBox problem={context.problem}>
          <Button accept onClick={() => run(CommandIDs.refreshAws)}>
            {trans.__('Try again')}
          </Button>
        </ProblemBox>
      )}
      {!context.emulator && <EmulatorOffer />}
    </>
  );
}
