import { Widget } from '@lumino/widgets';
import * as React from 'react';

/**
 * A widget that is made later and then put into a host.
 * @param draw makes it; it is drawn again when this changes, and not at all without. The signal ends when it is not wanted any more.
 * @param failed hears why it could not be made
 * @returns where it goes, and whether it is there
 */
export function useDrawn(
  draw: ((signal: AbortSignal) => Promise<Widget>) | undefined,
  failed: (reason: unknown) => void
): [React.RefObject<HTMLDivElement>, boolean] {
  const host = React.useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = React.useState(false);
  // A layout effect: its end comes while the host is still in the page, without which a widget cannot be taken off.
  React.useLayoutEffect(() => {
    if (!draw) {
      return undefined;
    }
    const controller = new AbortController();
    const { signal } = controller;
    let widget: Widget | null = null;
    draw(signal).then(
      next => {
        if (signal.aborted || !host.current) {
          next.dispose();
          return;
        }
        widget = next;
        Widget.attach(next, host.current);
        setDrawn(true);
      },
      reason => {
        if (!signal.aborted) {
          failed(reason);
        }
      }
    );
    return () => {
      controller.abort();
      setDrawn(false);
      widget?.dispose();
    };
  }, [draw, failed]);
  return [host, drawn];
}

/** Text that is drawn as `draw` says; plain until then, and where that fails. */
export function DrawnText(props: { text: string; draw: (() => Promise<Widget>) | undefined }): JSX.Element {
  const [host, drawn] = useDrawn(props.draw, stayPlain);
  return (
    <>
      {!drawn && <pre className="jp-OscarResult-text">{props.text}</pre>}
      <div ref={host} className="jp-OscarFile-body" />
    </>
  );
}

function stayPlain(reason: unknown): void {
  console.error('The text stays plain: it could not be drawn', reason);
}
