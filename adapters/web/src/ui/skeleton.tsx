import { t } from "../text/catalogue";

/** Seen only where loading takes long enough to notice; the style sheet holds it back. */
export function Skeleton() {
  return (
    <div class="skeleton" aria-busy="true">
      <span class="hidden">{t.app.loading}</span>
      {[0, 1, 2, 3, 4].map((at) => <div key={at} class="skeleton-row"><i /><span><b /><b /></span></div>)}
    </div>
  );
}
