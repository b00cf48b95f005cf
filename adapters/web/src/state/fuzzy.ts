// Whether letters stand in a text in their order, and how well: at the beginnings of words and in a row is better.

const start_of_word = 8;
const in_a_row = 5;

/** Higher is better; null where they do not all stand there. */
export function fuzzy(typed: string, text: string): number | null {
  const wanted = [...typed.toLocaleLowerCase().replace(/\s+/g, "")];
  const letters = [...text.toLocaleLowerCase()];
  let best: number | null = null;
  // The first letter may stand in several places; each is tried, the others follow greedily.
  for (let from = 0; from < letters.length; ++from) {
    if (wanted.length > 0 && letters[from] !== wanted[0]) continue;
    let score = 0;
    let last = from - 2;
    let at = from;
    let found = 0;
    for (; found < wanted.length && at < letters.length; ++at) {
      if (letters[at] !== wanted[found]) continue;
      score += 1 + (at === 0 || /[\s\p{P}]/u.test(letters[at - 1]!) ? start_of_word : 0) + (at === last + 1 ? in_a_row : 0);
      last = at;
      found += 1;
    }
    if (found === wanted.length) best = Math.max(best ?? -1, score - from * 0.1 - letters.length * 0.02);
    if (wanted.length === 0) break;
  }
  return best;
}
