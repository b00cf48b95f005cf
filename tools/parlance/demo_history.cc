#include "tools/parlance/demo_history.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <tuple>

#include "tools/parlance/progress.h"

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
  Storyteller(Case& told, std::size_t conversation, Instant start, Dice& chance, Dice& pace)
      : case_(told),
        language_(*told.language),
        conversation_(conversation),
        now_(start),
        chance_(chance),
        pace_(pace) {
    const std::size_t wanted = choose_colleague(language_.tag, start, pace);
    const bool rush = conversation % rush_every == 0;
    agent_ = rush && conversation / rush_every % first_colleague_every == 1 ? 0 : wanted;
    if (rush && pace.chance(forgotten))
      slowness_ = 16;
    else if (conversation % queueing_every == 0)
      slowness_ = 2.5;
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
    step.what = what;
    step.agent = agent_;
    return step;
  }
  void later(std::int64_t delta_ms) { now_ = now_ + delta_ms; }
  void minutes(double median) {
    later(static_cast<std::int64_t>(pace_.around(median) * static_cast<double>(minute_ms)));
  }
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
  void take(double median) {
    minutes(median * slowness_);
    if (agent_ != 0 && !is_on_shift(colleagues()[agent_], now_))
      agent_ = choose_colleague(language_.tag, now_, pace_);
    // With nobody there who speaks the language, mostly somebody else does what can be done.
    if (agent_ != 0 && !is_on_shift(colleagues()[agent_], now_) && pace_.chance(0.75))
      agent_ = choose_colleague("", now_, pace_);
    for (int hours = 0; hours < 10 && agent_ != 0 && !is_on_shift(colleagues()[agent_], now_); ++hours)
      minutes(55);
    add(Step::What::claim);
    minutes(6);
  }
  void reply(std::string_view text) {
    Story story = case_.story;
    story.agent = colleagues()[agent_].name;
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
    timers(now_ + auto_close_ms);
  }

  Case& case_;
  const LanguageTexts& language_;
  std::size_t conversation_;
  Instant now_;
  Dice& chance_;
  Dice& pace_;
  std::size_t agent_ = 0;
  double slowness_ = 1;
  std::vector<Step> steps_;
};

/// The answers that are still out, and which conversation each story became.
class Answers {
 public:
  explicit Answers(std::size_t conversations) : conversations_(conversations) {}

  Answer expect(std::size_t conversation) {
    {
      const std::lock_guard lock(mutex_);
      ++conversations_[conversation].out;
    }
    return [this, conversation](Result<Outcome> result) {
      const std::lock_guard lock(mutex_);
      Told& told = conversations_[conversation];
      --told.out;
      if (result && result->stream.category == Category::conversation)
        told.id = ConversationId::from(result->stream.id);
      // Two customers may have got the same address by chance; then a story may end before its last act.
      else if (!result && result.error().code != Errc::refused && !failed_)
        failed_ = result.error();
      changed_.notify_all();
    };
  }
  /// Waits until all that was asked of the conversation is durable.
  Result<ConversationId> settle(std::size_t conversation) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return conversations_[conversation].out == 0; });
    return known(conversation);
  }
  /// Waits only where nobody can know its id yet.
  Result<ConversationId> find(std::size_t conversation) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return conversations_[conversation].id || conversations_[conversation].out == 0; });
    return known(conversation);
  }
  Result<void> settle_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return std::ranges::all_of(conversations_, [](const Told& told) { return told.out == 0; });
    });
    if (failed_) return *failed_;
    return {};
  }

 private:
  struct Told {
    std::optional<ConversationId> id;
    std::size_t out = 0;
  };
  Result<ConversationId> known(std::size_t conversation) const {
    if (failed_) return *failed_;
    if (!conversations_[conversation].id)
      return unavailable("demo.no_conversation", "a conversation of the history was never opened");
    return *conversations_[conversation].id;
  }
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<Told> conversations_;
  std::optional<Error> failed_;
};

/// Returns when every owner has decided what it was given so far, though perhaps nothing of it is durable.
void wait_until_decided(Node& node) {
  std::promise<void> done;
  node.engine().status([&](const std::vector<OwnerStatus>&) { done.set_value(); });
  done.get_future().wait();
}

Action action_of(const Step& step, const Shop& shop, const Case& told, ConversationId id) {
  using What = Step::What;
  OnConversation action{id, conversation::Tick{}};
  const AgentId agent = shop.agents[step.agent];
  switch (step.what) {
    case What::route: {
      conversation::Assign assign;
      assign.queue = shop[queue_for(told.matter, told.channel)];
      assign.at = step.at;
      action.command = assign;
      break;
    }
    case What::claim: {
      conversation::Assign assign;
      assign.agent = agent;
      assign.claimed = true;
      assign.at = step.at;
      action.command = assign;
      break;
    }
    case What::reply: {
      conversation::Reply reply;
      reply.agent = agent;
      reply.content.text = step.text;
      reply.at = step.at;
      action.command = std::move(reply);
      break;
    }
    case What::note: {
      conversation::Note note;
      note.agent = agent;
      note.content.text = step.text;
      note.at = step.at;
      action.command = std::move(note);
      break;
    }
    case What::tag: {
      conversation::ChangeTags tags;
      tags.add.push_back(shop[step.tag]);
      tags.at = step.at;
      action.command = std::move(tags);
      break;
    }
    case What::urgent: action.command = conversation::SetPriority{Priority::urgent, step.at}; break;
    case What::snooze: action.command = conversation::Snooze{step.until, "", step.at}; break;
    case What::wait_customer: action.command = conversation::Wait{WaitFor::customer, "", step.at}; break;
    case What::wait_third_party:
      action.command = conversation::Wait{WaitFor::third_party, "", step.at};
      break;
    case What::resolve: {
      conversation::Resolve resolve;
      resolve.agent = agent;
      resolve.at = step.at;
      action.command = std::move(resolve);
      break;
    }
    case What::arrive:
    case What::timers: break;
  }
  return action;
}

bool is_by_agent(Step::What what) {
  return what != Step::What::route && what != Step::What::tag && what != Step::What::urgent &&
         what != Step::What::arrive;
}

}  // namespace

History plan_history(std::uint64_t seed, std::size_t conversations, Instant begin, Instant end) {
  History history;
  for (std::size_t i = 0; i < conversations; ++i) {
    Dice chance(seed * 1'000'003 + i);
    Dice pace(~seed * 1'000'003 + i);
    Case& told = history.cases.emplace_back(make_case(chance));
    const Instant from = i % queueing_every == 0 ? end + -queueing_ms
                         : i % rush_every == 0   ? end + -rush_ms
                                                 : begin + hour_ms;
    const Instant start = moment(from, end + -2 * minute_ms, told.language->utc_offset_hours, pace);
    for (Step& step : Storyteller(told, i, start, chance, pace).tell())
      if (step.at <= end) history.steps.push_back(std::move(step));
  }
  std::ranges::sort(history.steps, {},
                    [](const Step& step) { return std::tuple(step.at.ms, step.conversation, step.number); });
  return history;
}

Result<void> write_history(Node& node, DemoClock& clock, const Shop& shop, std::uint64_t seed,
                           const History& history) {
  Answers answers(history.cases.size());
  Progress progress("writing the shop's history", "acts", history.steps.size());
  std::uint64_t done = 0;
  for (const Step& step : history.steps) {
    progress.at(++done);
    if (step.what == Step::What::timers) {
      // Timers are read from what is durable.
      if (auto settled = answers.settle(step.conversation); !settled) return settled.error();
      clock.set(step.at);
      node.engine().tick();
      wait_until_decided(node);
      continue;
    }
    const Case& told = history.cases[step.conversation];
    const std::string key =
        std::to_string(seed) + " " + std::to_string(step.conversation) + " " + std::to_string(step.number);
    Request request;
    if (step.what == Step::What::arrive) {
      Arrive arrive;
      arrive.channel = told.channel;
      arrive.account = told.account;
      arrive.address = told.address;
      arrive.content.text = step.text;
      arrive.content.sender_name = told.story.name;
      arrive.content.subject_line =
          step.number == 1 || told.subject.empty() ? told.subject : "Re: " + told.subject;
      arrive.content.order = told.story.order;
      arrive.content.language_tag = told.language->tag;
      arrive.content.external_id = "<" + key + "@demo>";
      arrive.at = step.at;
      request = arrival(node, key, std::move(arrive));
    } else {
      auto id = answers.find(step.conversation);
      if (!id) return id.error();
      const Actor actor = is_by_agent(step.what) ? Actor{ActorKind::agent, shop.agents[step.agent]}
                                                 : Actor{ActorKind::system, {}};
      request = request_of(node, actor, id->slot(), key, action_of(step, shop, told, *id));
    }
    clock.set(step.at);
    node.engine().submit(std::move(request), answers.expect(step.conversation));
    wait_until_decided(node);
  }
  return answers.settle_all();
}

}  // namespace parlance::tools::demo
