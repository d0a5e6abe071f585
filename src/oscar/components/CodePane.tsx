import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { useView } from './context';

/** Text with highlighting, where there are renderers; plain until they are loaded. */
export function CodePane(props: { text: string; language: string }): JSX.Element {
  const { text, language } = props;
  const { renderCode } = useView();
  const host = React.useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = React.useState(false);
  // A layout effect: its end comes while the host is still in the page, without which a widget cannot be taken off.
  React.useLayoutEffect(() => {
    if (!renderCode) {
      return undefined;
    }
    let widget: Widget | null = null;
    let current = true;
    renderCode(text, language).then(
      next => {
        if (current && host.current) {
          widget = next;
          Widget.attach(next, host.current);
          setDrawn(true);
        } else {
          next.dispose();
        }
      },
      // The plain text below stays.
      reason => console.error('The text could not be highlighted', reason)
    );
    return () => {
      current = false;
      setDrawn(false);
      widget?.dispose();
    };
  }, [text, language, renderCode]);
  return (
    <>
      {!drawn && <pre className="jp-OscarResult-text">{text}</pre>}
      <div ref={host} className="jp-OscarFile-body" />
    </>
  );
}
