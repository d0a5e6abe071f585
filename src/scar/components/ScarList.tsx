import * as React from 'react';

import { CommandIDs } from '../../commands';
import { useRun, useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton } from '../../oscar/components/parts';
import type { IList } from '../../oscar/state';
import { useScar } from '../hooks';

/** A list in one of its states: loading, failed, empty, or as it is drawn. */
export function ScarList<T>(props: {
  list: IList<T>;
  loading: string;
  empty: React.ReactNode;
  render: (items: ReadonlyArray<T>) => JSX.Element;
}): JSX.Element | null {
  const { list, loading, empty, render } = props;
  const { trans } = useView();
  const [, state] = useScar();
  const run = useRun();
  const { context } = state;
  if (state.phase === 'failed' || (context && context.state !== 'ready')) {
    // The head of the panel says why.
    return null;
  }
  if (list.phase === 'failed' && list.problem) {
    return (
      <ProblemBox problem={list.problem}>
        <Button onClick={() => run(CommandIDs.refreshAws)}>{trans.__('Try again')}</Button>
      </ProblemBox>
    );
  }
  if (list.items.length > 0) {
    return render(list.items);
  }
  return list.phase === 'ready' ? <>{empty}</> : <Skeleton label={loading} rows={2} />;
}
