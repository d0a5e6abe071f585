import * as React from 'react';

import type { Infrastructure, ImVm } from '../../contract';
import { useAction } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox, StateIcon, toneOf } from '../../oscar/components/parts';
import { useInfrastructures } from '../hooks';
import { gibText, vmStateWord, vmTone } from '../words';

/** The machines of an infrastructure, each with its own state: the whole has the worst of them. */
export function Vms(props: { item: Infrastructure }): JSX.Element | null {
  const { item } = props;
  const { model, trans } = useView();
  const [list] = useInfrastructures();
  const { busy, problem, run } = useAction<void>();
  if (item.vms.length === 0) {
    return null;
  }
  const change = (vm: string, verb: 'start' | 'stop' | 'reboot'): void =>
    run(async () => list.keep(await model.client.infrastructures.changeVm(item.id, vm, verb)));
  return (
    <section aria-label={trans.__('Machines')}>
      <h3 className="jp-OscarSubhead">{trans.__('Machines')}</h3>
      {problem && <ProblemBox problem={problem} />}
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
              <VmRow key={vm.id} vm={vm} busy={busy || item.operation !== undefined} onChange={change} />
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
}): JSX.Element {
  const { vm, busy, onChange } = props;
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
          </>
        )}
      </td>
    </tr>
  );
}
