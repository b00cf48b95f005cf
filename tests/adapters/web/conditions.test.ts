import { createConditions, toldOf } from "@web/state/conditions";
import type { Condition } from "@web/api/types";
import { answering, at } from "./support";

const condition = (name: string, severity: Condition["severity"] = "failure"): Condition => ({
  name, severity, since: at(0), happened: `${name} happened`, safe: `${name} safe`, advice: `${name} advice`,
});

test("an agent is told in words of their own what keeps them from working, and nothing else", () => {
  expect(toldOf([], "agent")).toBeNull();
  expect(toldOf([condition("fold.write_stall", "warning"), condition("log.space_short", "warning")], "agent")).toBeNull();
  const told = toldOf([condition("views.background_error"), condition("log.no_space")], "agent");
  expect(told?.name).toBe("log.no_space");
  expect(told?.happened).not.toContain("log.no_space");
});

test("an administrator is told everything, with the server's figures and advice", () => {
  expect(toldOf([condition("log.space_short", "warning")], "admin")?.advice).toBe("log.space_short advice");
  // What keeps people from working comes first.
  expect(toldOf([condition("views.background_error"), condition("log.no_space")], "admin")?.happened).toBe("log.no_space happened");
});

test("a condition of a later server does no harm", () => {
  expect(toldOf([condition("quantum.entangled")], "agent")).toBeNull();
  expect(toldOf([condition("quantum.entangled")], "admin")?.name).toBe("quantum.entangled");
});

test("the same conditions read again are no news, and their end is", async () => {
  let found = [condition("log.no_space")];
  const conditions = createConditions(answering({ "/v1/conditions": () => ({ data: structuredClone(found) }) }));
  await conditions.refresh();
  const first = conditions.all.value;
  expect(first).toHaveLength(1);
  await conditions.refresh();
  expect(conditions.all.value).toBe(first);
  found = [];
  await conditions.refresh();
  expect(conditions.all.value).toEqual([]);
});
