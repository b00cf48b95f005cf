#include "tools/parlance/demo_traffic.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/embedded/system.h"

namespace parlance::tools::demo {
namespace {

constexpr std::size_t pause_ms_min = 5'000;
constexpr std::size_t pause_ms_max = 20'000;
constexpr std::size_t active_wanted = 60;
constexpr std::size_t unanswered_wanted = 14;
constexpr std::size_t first_events_max = 10;  ///< among which a conversation's first message is

/// What was said at the beginning of a conversation.
struct Beginning {
  Identity identity;
  MessageContent content;
};

}  // namespace

class Traffic::Impl {
 public:
  Impl(Node& node, Shop shop, std::uint64_t seed)
      : node_(node),
        shop_(std::move(shop)),
        dice_(seed ^ static_cast<std::uint64_t>(clock_.now().ms)),
        thread_([this] { run(); }) {}
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      quit_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        const auto pause = std::chrono::milliseconds(pause_ms_min + dice_.below(pause_ms_max - pause_ms_min));
        if (wake_.wait_for(lock, pause, [this] { return quit_; })) return;
      }
      act();
    }
  }

  void act() {
    // Who took a conversation answers it next.
    if (taken_) {
      const auto [id, agent] = *std::exchange(taken_, std::nullopt);
      auto ticket = node_.views().ticket(node_.workspace(), id);
      if (ticket && *ticket && (*ticket)->assignee == shop_.agents[agent] && (*ticket)->unanswered_since)
        return answer(**ticket, agent);
    }
    auto listed = node_.views().list({.workspace = node_.workspace(), .states = {}, .limit = list_limit_max});
    if (!listed) return;
    std::vector<const Ticket*> unanswered, answered, untouched;
    for (const Ticket& ticket : listed->tickets) {
      if (ticket.assignee && !colleague_of(ticket.assignee)) continue;
      if (ticket.unanswered_since)
        (ticket.assignee ? unanswered : untouched).push_back(&ticket);
      else if (ticket.assignee && ticket.last_message_by == ActorKind::agent)
        answered.push_back(&ticket);
    }
    const double much = static_cast<double>(listed->tickets.size()) / static_cast<double>(active_wanted);
    const bool behind = unanswered.size() + untouched.size() > unanswered_wanted;
    const double choice = dice_.unit();
    if (choice < 0.30 / std::max(much, 0.5)) return customer_comes();
    if (choice < 0.55 && !answered.empty()) return customer_returns(*pick(answered));
    if (choice < 0.85 && behind) {
      // Not always the longest waiting: then nobody would ever be late.
      std::vector<const Ticket*>& from = unanswered.empty() || dice_.chance(0.6) ? untouched : unanswered;
      if (!from.empty()) return colleague_works(*pick(from));
    }
    if (answered.empty()) return customer_comes();
    resolve(*pick(answered));
  }

  [[nodiscard]] bool has_tag(const Ticket& ticket, Matter matter) const {
    return std::ranges::find(ticket.tags, shop_[tag_for(matter)]) != ticket.tags.end();
  }
  const Ticket* pick(const std::vector<const Ticket*>& from) { return from[dice_.below(from.size())]; }

  std::optional<std::size_t> colleague_of(AgentId agent) const {
    const auto it = std::ranges::find(shop_.agents, agent);
    if (it == shop_.agents.end() || it == shop_.agents.begin()) return std::nullopt;
    return static_cast<std::size_t>(it - shop_.agents.begin());
  }

  // ---- customers ----

  void customer_comes() {
    const Case told = make_case(dice_);
    MessageContent content;
    content.text = told.text;
    content.subject_line = told.subject;
    content.sender_name = told.story.name;
    content.order = told.story.order;
    content.language_tag = told.language->tag;
    auto arrived = write(told.channel, std::string(told.account), told.address, std::move(content));
    if (!arrived || !arrived->opened) return;
    const ConversationId id = ConversationId::from(arrived->stream.id);
    conversation::Assign assign;
    assign.queue = shop_[queue_for(told.matter, told.channel)];
    command(id, {ActorKind::system, {}}, assign);
    conversation::ChangeTags tags;
    tags.add.push_back(shop_[tag_for(told.matter)]);
    command(id, {ActorKind::system, {}}, tags);
  }

  void customer_returns(const Ticket& ticket) {
    const auto beginning = beginning_of(ticket);
    if (!beginning) return;
    const LanguageTexts& language = texts_of(beginning->content.language_tag);
    const Story story = story_of(*beginning);
    MessageContent content = beginning->content;
    content.html.clear();
    content.external_id.clear();
    if (!content.subject_line.empty() && !content.subject_line.starts_with("Re: "))
      content.subject_line = "Re: " + content.subject_line;
    content.thread = to_text(ticket.id);
    const bool asked = ticket.state == conversation::Phase::waiting_customer &&
                       (has_tag(ticket, Matter::damaged) || has_tag(ticket, Matter::warranty));
    const std::string_view text = asked               ? language.detail
                                  : dice_.chance(0.7) ? language.thanks
                                                      : language.nudge;
    content.text = fill(text, language, story);
    (void)write(beginning->identity.channel, beginning->identity.account, beginning->identity.address,
                std::move(content), ticket.id);
  }

  Result<Outcome> write(Channel channel, std::string account, std::string address, MessageContent content,
                        std::optional<ConversationId> thread = std::nullopt) {
    Arrive arrive;
    arrive.channel = channel;
    arrive.account = std::move(account);
    arrive.address = std::move(address);
    arrive.content = std::move(content);
    arrive.thread = thread;
    arrive.at = clock_.now();
    return node_.submit(arrival(node_, "", std::move(arrive)));
  }

  std::optional<Beginning> beginning_of(const Ticket& ticket) {
    const Principal reader{{ActorKind::agent, shop_.agents.front()}, Role::admin};
    const StreamId stream{Category::conversation, ticket.id};
    Door& door = node_.engine().door();
    if (!ticket.identity) return std::nullopt;
    auto identity = door.open<Identity>(reader, Purpose::support, node_.workspace(), *ticket.identity);
    auto entries = node_.engine().history(stream, 1, first_events_max);
    if (!entries || !std::holds_alternative<Identity>(identity)) return std::nullopt;
    auto events = node_.engine().events(stream, *entries);
    if (!events) return std::nullopt;
    for (const RecordedEvent& recorded : *events) {
      const auto* event = std::get_if<conversation::Event>(&recorded.event.body);
      const auto* received = event == nullptr ? nullptr : std::get_if<conversation::MessageReceived>(event);
      if (received == nullptr) continue;
      auto content =
          door.open<MessageContent>(reader, Purpose::support, node_.workspace(), received->content.sealed());
      if (auto* opened = std::get_if<MessageContent>(&content))
        return Beginning{std::get<Identity>(std::move(identity)), std::move(*opened)};
      break;
    }
    return std::nullopt;
  }

  static Story story_of(const Beginning& beginning) {
    Story story;
    story.order = beginning.content.order;
    story.name = beginning.identity.name;
    const LanguageTexts& language = texts_of(beginning.content.language_tag);
    story.first = language.family_name_first ? story.name : story.name.substr(0, story.name.find(' '));
    return story;
  }

  // ---- colleagues ----

  void colleague_works(const Ticket& ticket) {
    if (const auto agent = colleague_of(ticket.assignee)) return answer(ticket, *agent);
    const std::size_t agent = choose_colleague(to_text(ticket.language), clock_.now(), dice_);
    conversation::Assign claim;
    claim.agent = shop_.agents[agent];
    claim.claimed = true;
    if (command(ticket.id, {ActorKind::agent, shop_.agents[agent]}, claim)) taken_ = {ticket.id, agent};
  }

  void answer(const Ticket& ticket, std::size_t agent) {
    const auto beginning = beginning_of(ticket);
    if (!beginning) return;
    const LanguageTexts& language = texts_of(beginning->content.language_tag);
    Story story = story_of(*beginning);
    story.agent = colleagues()[agent].name;
    const Actor actor{ActorKind::agent, shop_.agents[agent]};
    conversation::Reply reply;
    reply.agent = shop_.agents[agent];
    std::string_view text = language.solved;
    if (ticket.replied == 0) {
      text = language.checking;
      for (const MatterTexts& matter : language.matters)
        if (has_tag(ticket, matter.matter)) text = matter.reply;
    }
    reply.content.text = fill(text, language, story);
    if (!command(ticket.id, actor, reply)) return;
    if (dice_.chance(0.3)) command(ticket.id, actor, conversation::Wait{WaitFor::customer, "", {}});
  }

  void resolve(const Ticket& ticket) {
    const auto agent = colleague_of(ticket.assignee);
    if (!agent) return;
    conversation::Resolve done;
    done.agent = shop_.agents[*agent];
    command(ticket.id, {ActorKind::agent, shop_.agents[*agent]}, done);
  }

  /// False where it was refused: somebody at the page was quicker.
  template <class Command> bool command(ConversationId id, Actor actor, Command what) {
    what.at = clock_.now();
    return node_.submit(request_of(node_, actor, id.slot(), "", OnConversation{id, std::move(what)}))
        .has_value();
  }

  Node& node_;
  Shop shop_;
  SystemClock clock_;
  Dice dice_;
  std::optional<std::pair<ConversationId, std::size_t>> taken_;
  std::mutex mutex_;  // guards quit_
  std::condition_variable wake_;
  bool quit_ = false;
  std::thread thread_;
};

Traffic::Traffic(Node& node, Shop shop, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(node, std::move(shop), seed)) {}
Traffic::~Traffic() = default;

}  // namespace parlance::tools::demo
