import { createClock } from "@web/state/clock";
import { createPoller, type Visibility } from "@web/state/poller";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function given(run: () => Promise<void>) {
  let visible = true;
  let changed = () => {};
  const visibility: Visibility = {
    visible: () => visible,
    onChange(listener) {
      changed = listener;
      return () => (changed = () => {});
    },
  };
  const poller = createPoller(() => 2000, run, visibility);
  return {
    poller,
    look(value: boolean) {
      visible = value;
      changed();
    },
  };
}

test("a poller runs at once and then in its rhythm", async () => {
  const run = vi.fn(async () => {});
  given(run);
  await vi.advanceTimersByTimeAsync(0);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(4000);
  expect(run).toHaveBeenCalledTimes(3);
});

test("a poller rests while nobody looks, and is quick when somebody does again", async () => {
  const run = vi.fn(async () => {});
  const { look } = given(run);
  await vi.advanceTimersByTimeAsync(0);
  look(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(run).toHaveBeenCalledTimes(1);
  look(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(run).toHaveBeenCalledTimes(2);
});

test("a poller slows down after failures and recovers after one success", async () => {
  let down = true;
  const run = vi.fn(async () => {
    if (down) throw new Error("down");
  });
  given(run);
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(3999);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(run).toHaveBeenCalledTimes(2);
  down = false;
  await vi.advanceTimersByTimeAsync(8000);
  expect(run).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(2000);
  expect(run).toHaveBeenCalledTimes(4);
});

test("a poke is heard, also in the middle of a run, and runs never overlap", async () => {
  let finish = () => {};
  let running = 0;
  let most = 0;
  const run = vi.fn(async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => (finish = resolve));
    running -= 1;
  });
  const { poller } = given(run);
  await vi.advanceTimersByTimeAsync(0);
  poller.poke();
  await vi.advanceTimersByTimeAsync(10);
  expect(run).toHaveBeenCalledTimes(1);
  finish();
  await vi.advanceTimersByTimeAsync(0);
  expect(run).toHaveBeenCalledTimes(2);
  expect(most).toBe(1);
});

test("a stopped poller stays stopped", async () => {
  const run = vi.fn(async () => {});
  const { poller } = given(run);
  await vi.advanceTimersByTimeAsync(0);
  poller.stop();
  poller.poke();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(run).toHaveBeenCalledTimes(1);
});

test("the clock follows the server where the computer is off, and not over a second's rounding", () => {
  let local = 1_000_000;
  const clock = createClock(() => local);
  clock.learn(local - 900);
  expect(clock.read()).toBe(local);
  clock.learn(local + 300_000);
  expect(clock.read()).toBe(local + 300_000);
  local += 1000;
  clock.tick();
  expect(clock.now.value).toBe(local + 300_000);
});
