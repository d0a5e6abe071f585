import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { InfrastructureCalls } from '../../bridge/infrastructure';
import type { Infrastructure, ImVm } from '../../contract';
import { useAction } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, IconButton, ProblemBox, StateIcon, toneOf } from '../../oscar/components/parts';
import { useInfrastructures } from '../hooks';
import { gibText, vmStateWord, vmTone } from '../words';

type Access = Awaited<ReturnType<InfrastructureCalls['sshKey']>>;

/** The machines of an infrastructure, each with its own state: the whole has the worst of them. */
export function Vms(props: { item: Infrastructure }): JSX.Element | null {
  const { item } = props;
  const { model, trans } = useView();
  const [list] = useInfrastructures();
  const { busy, problem, run } = useAction<void>();
  const access = useAction<Access>();
  if (item.vms.length === 0) {
    return null;
  }
  const change = (vm: string, verb: 'start' | 'stop' | 'reboot'): void =>
    run(async () => list.keep(await model.client.infrastructures.changeVm(item.id, vm, verb)));
  return (
    <section aria-label={trans.__('Machines')}>
      <h3 className="jp-OscarSubhead">{trans.__('Machines')}</h3>
      {problem && <ProblemBox problem={problem} />}
      {access.problem && <ProblemBox problem={access.problem} />}
      {access.value && <LogIn access={access.value} onClose={access.clear} />}
      <div className="jp-OscarTable-scroll">
        <table className="jp-OscarTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Machine')}</th>
              <th scope="col">{trans.__('State')}</th>
              <th scope="col">{trans.__('Size')}</th>
              <th scope="col">{trans.__('Addresses')}</th>
              <th scope="col">{trans.__('Actions')}</th>
            </tr>
          </thead>
          <tbody>
            {item.vms.map(vm => (
              <VmRow
                key={vm.id}
                vm={vm}
                busy={busy || item.operation !== undefined}
                onChange={change}
                onLogIn={() => access.run(() => model.client.infrastructures.sshKey(item.id, vm.id))}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function VmRow(props: {
  vm: ImVm;
  busy: boolean;
  onChange: (vm: string, verb: 'start' | 'stop' | 'reboot') => void;
  onLogIn: () => void;
}): JSX.Element {
  const { vm, busy, onChange, onLogIn } = props;
  const { trans } = useView();
  const word = vmStateWord(vm.state, trans);
  const size = [
    vm.cpus === undefined ? undefined : trans._n('%1 CPU', '%1 CPUs', vm.cpus),
    vm.memory === undefined ? undefined : gibText(vm.memory)
  ];
  const stopped = vm.state === 'stopped' || vm.state === 'off';
  const gone = vm.state === 'deleting' || vm.state === 'deleted';
  return (
    <tr data-oscar-vm={vm.id} data-oscar-state={vm.state}>
      <th scope="row">
        {vm.frontEnd ? trans.__('front end') : vm.role} <small>{vm.id}</small>
      </th>
      <td>
        <span className="jp-OscarInvoke-facts">
          <StateIcon tone={toneOf(vmTone(vm.state))} label={word} /> {word}
        </span>
      </td>
      <td>{size.filter(Boolean).join(', ') || '—'}</td>
      <td>{vm.addresses.join(', ') || '—'}</td>
      <td className="jp-OscarTable-actions">
        {stopped ? (
          <Button disabled={busy} onClick={() => onChange(vm.id, 'start')}>
            {trans.__('Start')}
          </Button>
        ) : (
          <>
            <Button disabled={busy || gone} onClick={() => onChange(vm.id, 'stop')}>
              {trans.__('Stop')}
            </Button>
            <Button disabled={busy || gone} onClick={() => onChange(vm.id, 'reboot')}>
              {trans.__('Restart')}
            </Button>
            <Button disabled={gone} onClick={onLogIn}>
              {trans.__('Log in…')}
            </Button>
          </>
        )}
      </td>
    </tr>
  );
}

/** How to log in to a machine: fetched when it is asked for, its secret copied unseen, forgotten when it is closed. */
function LogIn(props: { access: Access; onClose: () => void }): JSX.Element {
  const { access, onClose } = props;
  const { trans } = useView();
  const secret = access.key ?? access.password;
  const line = `ssh ${access.key === undefined ? '' : '-i key.pem '}${access.user}@${access.host}`;
  return (
    <div className="jp-OscarWarning" role="status">
      <div className="jp-OscarCopyLine">
        <code>{line}</code>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy the command')}
          onClick={() => void navigator.clipboard?.writeText(line)}
        />
      </div>
      <div className="jp-OscarButtons">
        {secret !== undefined && (
          <Button onClick={() => void navigator.clipboard?.writeText(secret)}>
            {access.key === undefined ? trans.__('Copy the password') : trans.__('Copy the private key')}
          </Button>
        )}
        <Button onClick={onClose}>{trans.__('Forget')}</Button>
      </div>
      {access.key !== undefined && (
        <small>
          {trans.__('Put the key into a file key.pem that only you can read, and remove it when you are done.')}
        </small>
      )}
    </div>
  );
}
