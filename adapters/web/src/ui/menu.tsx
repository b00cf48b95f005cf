// A button that opens a short list of actions. Arrow keys move, Escape closes and gives the focus back, a click
// elsewhere closes.

import { useSignal } from "@preact/signals";
import { Fragment, type ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export interface MenuItem {
  label: string;
  /** A heading that this item is the first under. */
  heading?: string;
  /** For one of several that exclude each other: whether it is the one. */
  checked?: boolean;
  aside?: string;
  icon?: IconName;
  run: () => void;
}

export function Menu(props: { id: string; label: string; icon: IconName; items: () => MenuItem[]; disabled?: boolean; iconOnly?: boolean; face?: ComponentChildren; class?: string }) {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  // Before the next key can be pressed: Escape must close the menu, not what lies behind it.
  useLayoutEffect(() => {
    if (!open.value) return;
    root.current?.querySelector<HTMLButtonElement>("[role^=menuitem]")?.focus();
    const elsewhere = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open.value]);

  function onKeyDown(event: KeyboardEvent) {
    if (!open.value) {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        open.value = true;
      }
      return;
    }
    const items = [...(root.current?.querySelectorAll<HTMLButtonElement>("[role^=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const go = (to: number) => {
      event.preventDefault();
      items[(to + items.length) % items.length]?.focus();
    };
    if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(items.length - 1);
    else if (event.key === "Tab") open.value = false;
    else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      open.value = false;
      button.current?.focus();
    }
  }

  return (
    <div class={`menu ${props.class ?? ""}`} ref={root} onKeyDown={onKeyDown}>
      <button
        ref={button} id={props.id} type="button" class="action" disabled={props.disabled ?? false}
        aria-haspopup="menu" aria-expanded={open.value} aria-label={props.face === undefined ? props.label : undefined} title={props.label}
        onClick={() => (open.value = !open.value)}
      >
        {props.face === undefined ? <Icon name={props.icon} /> : <>{props.face}<span class="hidden">{props.label}</span></>}
        {props.iconOnly !== true && <><span class="action-label">{props.label}</span><Icon name="down" class="caret" /></>}
      </button>
      {open.value && (
        <div class="menu-panel" role="menu" aria-label={props.label}>
          {props.items().map((item) => (
            <Fragment key={item.label}>
              {item.heading !== undefined && <p class="menu-heading" role="presentation">{item.heading}</p>}
              <button
                type="button" role={item.checked === undefined ? "menuitem" : "menuitemradio"} aria-checked={item.checked} tabIndex={-1}
                onClick={() => {
                  open.value = false;
                  button.current?.focus();
                  item.run();
                }}
              >
                {item.icon !== undefined && <Icon name={item.icon} />}
                <span class="menu-label">{item.label}</span>
                {item.aside !== undefined && <span class="menu-aside">{item.aside}</span>}
                {item.checked === true && <Icon name="check" />}
              </button>
            </Fragment>
          ))}
        </div>
      )}
    </div>
  );
}
