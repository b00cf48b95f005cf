// The line between two panes: dragged with a pointer, moved with the arrow keys, put back by a double click. It is the
// width of one of the panes that is changed; the thread takes what is left.

import { useRef } from "preact/hooks";
import type { Signal } from "@preact/signals";

const step_px = 16;

export function Separator(props: {
  id: string; label: string; controls: string; width: Signal<number>; range: { least: number; usual: number; most: number };
  /** Which side of the line the pane is on, in reading direction. */
  pane: "before" | "after";
}) {
  const { width, range } = props;
  const from = useRef<{ x: number; width: number } | null>(null);
  // Further along the line's axis means wider for the pane before it; a right-to-left page is the mirror image.
  const sign = () => (props.pane === "before" ? 1 : -1) * (document.documentElement.dir === "rtl" ? -1 : 1);
  const set = (to: number) => (width.value = Math.round(Math.min(range.most, Math.max(range.least, to))));

  return (
    <div
      id={props.id} class={`separator separator-${props.pane}`} role="separator" tabIndex={0} aria-orientation="vertical"
      aria-label={props.label} aria-controls={props.controls} aria-valuemin={range.least} aria-valuemax={range.most} aria-valuenow={width.value}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width: width.peek() };
      }}
      onPointerMove={(event) => {
        if (from.current !== null) set(from.current.width + (event.clientX - from.current.x) * sign());
      }}
      onPointerUp={() => (from.current = null)}
      onPointerCancel={() => (from.current = null)}
      onDblClick={() => set(range.usual)}
      onKeyDown={(event) => {
        const by = { ArrowRight: step_px, ArrowLeft: -step_px }[event.key];
        if (by !== undefined) set(width.peek() + by * sign());
        else if (event.key === "Home") set(range.least);
        else if (event.key === "End") set(range.most);
        else return;
        event.preventDefault();
      }}
    />
  );
}
