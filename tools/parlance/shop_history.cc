#include "tools/parlance/shop_history.h"

#include <algorithm>
#include <tuple>

namespace parlance::tools::demo {
namespace {

constexpr std::int64_t rush_ms =
    36 * hour_ms;  ///< the end of the history, in which a quarter of all customers write: a sale
constexpr std::size_t rush_every = 4;
constexpr std::int64_t queueing_ms =
    4 * hour_ms;  ///< of those every third in these last hours, more than the desk can answer
constexpr std::size_t queueing_every = 12;
constexpr double forgotten = 0.25;                ///< of the rush: nobody looks at them for long
constexpr std::size_t first_colleague_every = 5;  ///< conversation of the rush goes to who will sign in

/// How likely a customer writes at this hour, where the customer lives.
double liveliness(Instant at, int utc_offset_hours) {
  const Instant local = at + utc_offset_hours * hour_ms;
  const auto hour = local.ms / hour_ms % 24;
  const auto weekday = (local.ms / day_ms + 4) % 7;  // 1970 began on a Thursday; 0 is Sunday
  const double by_hour = hour < 6 ? 0.12 : hour < 9 ? 0.5 : hour < 18 ? 0.85 : hour < 22 ? 1.0 : 0.5;
  return by_hour * (weekday == 0 || weekday == 6 ? 0.6 : 1.0);
}

Instant moment(Instant from, Instant to, int utc_offset_hours, Dice& dice) {
  for (;;) {
    const Instant at = from + static_cast<std::int64_t>(dice.unit() * static_cast<double>(to - from));
    if (dice.chance(liveliness(at, utc_offset_hours))) return at;
  }
}

/// Writes the story of one conversation. What happens is chosen by `chance`, when by `pace`.
class Storyteller {
 public:
  Storyteller(const Case& told, std::span<const Colleague> staff, std::size_t conversation, Instant start,
              Dice& chance, Dice& pace)
      : case_(told),
        staff_(staff),
        language_(*told.language),
        conversation_(conversation),
        now_(start),
        chance_(chance),
        pace_(pace) {
    const std::size_t wanted = choose_colleague(staff_, language_.tag, start, pace);
    const bool rush = conversation % rush_every == 0;
    agent_ = rush && conversation / rush_every % first_colleague_every == 1 ? 0 : wanted;
    if (rush && pace.chance(forgotten))
      slowness_ = 160;
    else if (conversation % queueing_every == 0)
      slowness_ = 25;
  }

  std::vector<Step> tell() {
    const MatterTexts& texts = matter_texts(language_, case_.matter);
    customer(case_.text);
    later(10'000 + static_cast<std::int64_t>(pace_.unit() * 20'000));
    if (chance_.chance(0.93)) add(Step::What::route);
    tag(tag_for(case_.matter));
    if (chance_.chance(0.05)) tag(ShopTag::vip);

    const double course = chance_.unit();
    if (course < 0.40) {
      take(75);
      reply(texts.reply);
      part(true);
    } else if (course < 0.60) {
      take(60);
      note();
      reply(language_.checking);
      pause();
      reply(language_.solved);
      part(chance_.chance(0.6));
    } else if (course < 0.77) {
      minutes(95);
      customer(fill(language_.nudge, language_, case_.story));
      if (chance_.chance(0.4)) {
        minutes(90);
        customer(std::string(language_.angry));
        later(20'000);
        tag(ShopTag::angry);
        add(Step::What::urgent);
      }
      take(50);
      reply(texts.reply);
      part(chance_.chance(0.5));
    } else if (course < 0.90) {
      take(70);
      reply(texts.reply);
      later(minute_ms / 2);
      add(Step::What::wait_customer);
      minutes(900);
      customer(
          fill(asks_for_details(case_.matter) ? language_.detail : language_.nudge, language_, case_.story));
      minutes(80);
      reply(language_.solved);
      part(chance_.chance(0.6));
    } else {
      take(70);
      reply(texts.reply);
      part(false);
      minutes(900);
      customer(std::string(language_.back));
      minutes(60);
      reply(language_.checking);
      pause();
      reply(language_.solved);
      part(true);
    }
    return std::move(steps_);
  }

 private:
  Step& add(Step::What what) {
    Step& step = steps_.emplace_back();
    step.at = now_;
    step.conversation = conversation_;
    step.number = steps_.size();
    if (what == Step::What::arrive) message_ = step.number;
    step.message = message_;
    step.what = what;
    step.agent = agent_;
    return step;
  }
  void later(std::int64_t delta_ms) { now_ = now_ + delta_ms; }
  void minutes(std::int64_t median) { later(pace_.around(median * minute_ms)); }
  /// What the engine does by itself then, if it still has to.
  void timers(Instant at) {
    Step& step = add(Step::What::timers);
    step.at = at;
  }
  void customer(std::string text) {
    add(Step::What::arrive).text = std::move(text);
    timers(now_ + first_response_ms);
  }
  void tag(ShopTag tag) {
    later(1500);
    add(Step::What::tag).tag = tag;
  }
  void take(std::int64_t median) {
    later(pace_.around(median * minute_ms * slowness_ / 10));
    if (agent_ != 0 && !is_on_shift(staff_[agent_], now_))
      agent_ = choose_colleague(staff_, language_.tag, now_, pace_);
    // With nobody there who speaks the language, mostly somebody else does what can be done.
    if (agent_ != 0 && !is_on_shift(staff_[agent_], now_) && pace_.chance(0.75))
      agent_ = choose_colleague(staff_, "", now_, pace_);
    for (int hours = 0; hours < 10 && agent_ != 0 && !is_on_shift(staff_[agent_], now_); ++hours) minutes(55);
    add(Step::What::claim);
    minutes(6);
  }
  void reply(std::string_view text) {
    Story story = case_.story;
    story.agent = staff_[agent_].name;
    add(Step::What::reply).text = fill(text, language_, story);
  }
  void note() {
    const auto choice = notes(case_.matter);
    add(Step::What::note).text = std::string(chance_.of(choice));
    minutes(4);
  }
  void pause() {
    later(minute_ms / 3);
    if (chance_.chance(0.5)) {
      Step& step = add(Step::What::snooze);
      step.until = Instant{(now_.ms / hour_ms + 6 + static_cast<std::int64_t>(pace_.below(40))) * hour_ms};
      const Instant until = step.until;
      timers(until);
      now_ = until;
    } else {
      add(Step::What::wait_third_party);
      minutes(1300);
    }
    minutes(60);
  }
  void part(bool thanks) {
    if (thanks && chance_.chance(0.7)) {
      minutes(240);
      customer(std::string(language_.thanks));
      if (chance_.chance(0.5)) {
        minutes(45);
        reply(language_.farewell);
      }
    }
    minutes(60);
    add(Step::What::resolve);
    const Instant resolved = now_;
    // Some answer when they are asked how it was; who was kept waiting is less pleased.
    if (chance_.chance(0.35)) {
      minutes(180);
      Step& step = add(Step::What::rate);
      const std::size_t mood = chance_.below(100) + (slowness_ > 10 ? 0 : 25);
      step.score = mood < 12 ? 1 : mood < 20 ? 2 : mood < 32 ? 3 : mood < 60 ? 4 : 5;
    }
    timers(resolved + auto_close_ms);
  }

  const Case& case_;
  std::span<const Colleague> staff_;
  const LanguageTexts& language_;
  std::size_t conversation_;
  Instant now_;
  Dice& chance_;
  Dice& pace_;
  std::size_t agent_ = 0;
  std::int64_t slowness_ = 10;  // in tenths
  std::size_t message_ = 0;
  std::vector<Step> steps_;
};

/// The order of what happens at once.
auto order(const Step& step) { return std::tuple(step.at.ms, step.conversation, step.number); }

}  // namespace

struct ShopHistory::Story {
  Case told;
  std::vector<Step> steps;  ///< in the order of time
  std::size_t at = 0;
  [[nodiscard]] const Step& step() const { return steps[at]; }
};

namespace {
constexpr auto later_first = [](const auto& a, const auto& b) { return order(a->step()) > order(b->step()); };

struct Beginning {
  Case told;
  Instant start;
  Dice chance, pace;
};
Beginning begin(const HistoryPlan& plan, std::size_t i) {
  Dice chance(plan.seed * 1'000'003 + i);
  Dice pace(~plan.seed * 1'000'003 + i);
  Case told = make_case(chance);
  const Instant latest = plan.end + -2 * minute_ms;
  Instant from = i % queueing_every == 0 ? plan.end + -queueing_ms
                 : i % rush_every == 0   ? plan.end + -rush_ms
                                         : plan.begin + hour_ms;
  from = std::clamp(from, plan.begin, latest);
  const Instant start = moment(from, latest, told.language->utc_offset_hours, pace);
  return {std::move(told), start, chance, pace};
}
}  // namespace

ShopHistory::ShopHistory(const HistoryPlan& plan, std::span<const Colleague> staff)
    : plan_(plan), staff_(staff) {
  starts_.reserve(plan.conversations);
  for (std::size_t i = 0; i < plan.conversations; ++i)
    starts_.emplace_back(begin(plan, i).start, static_cast<std::uint32_t>(i));
  std::ranges::sort(starts_, std::greater<>{});
}
ShopHistory::~ShopHistory() = default;

std::unique_ptr<ShopHistory::Story> ShopHistory::open(std::size_t conversation) const {
  Beginning b = begin(plan_, conversation);
  auto story = std::make_unique<Story>();
  story->told = std::move(b.told);
  story->steps = Storyteller(story->told, staff_, conversation, b.start, b.chance, b.pace).tell();
  std::erase_if(story->steps, [&](const Step& step) { return step.at > plan_.end; });
  std::ranges::sort(story->steps, {}, order);
  return story;
}

ShopHistory::Next ShopHistory::next() {
  if (moved_) {
    std::ranges::pop_heap(stories_, later_first);
    if (++stories_.back()->at == stories_.back()->steps.size())
      stories_.pop_back();
    else
      std::ranges::push_heap(stories_, later_first);
    moved_ = false;
  }
  while (!starts_.empty() && (stories_.empty() || starts_.back().first <= stories_.front()->step().at)) {
    auto story = open(starts_.back().second);
    starts_.pop_back();
    if (story->steps.empty()) continue;
    stories_.push_back(std::move(story));
    std::ranges::push_heap(stories_, later_first);
  }
  if (stories_.empty()) return {};
  moved_ = true;
  return {&stories_.front()->told, &stories_.front()->step()};
}

}  // namespace parlance::tools::demo
