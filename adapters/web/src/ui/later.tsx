// A part of the page that comes only when it is wanted, so that the first load stays small. Until it is there a quiet
// placeholder stands in its place; where it does not come, a word says so and offers to try again.

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../text/catalogue";
import { Skeleton } from "./skeleton";
import { Trouble } from "./trouble";

export interface Part<P> {
  (props: P): preact.JSX.Element | null;
  /** Brings it ahead of time. */
  fetch(): Promise<unknown>;
}

export function later<P extends object>(load: () => Promise<ComponentType<P>>, quiet = false): Part<P> {
  let there: ComponentType<P> | null = null;
  const fetch = async () => (there ??= await load());

  function Later(props: P) {
    const state = useSignal<"loading" | "there" | "failed">(there === null ? "loading" : "there");
    const get = () => {
      state.value = "loading";
      fetch().then(() => (state.value = "there"), () => (state.value = "failed"));
    };
    useEffect(() => {
      if (there === null) get();
    }, []);
    if (state.value === "there" && there !== null) {
      const Part = there;
      return <Part {...props} />;
    }
    if (state.value === "failed") return <Trouble title={t.app.partMissing} problem={null} onRetry={get} />;
    return quiet ? null : <Skeleton />;
  }
  Later.fetch = fetch;
  return Later;
}
