#include "adapters/http/filters.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "adapters/http/render.h"
#include "engine/runtime/blind.h"

namespace parlance::http {
namespace {

constexpr std::array all_channels{Channel::email,     Channel::chat, Channel::whatsapp, Channel::messenger,
                                  Channel::instagram, Channel::sms,  Channel::voice,    Channel::marketplace,
                                  Channel::social,    Channel::api};

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}
/// The ids of the items with that name.
template <class AnId, class Items> std::vector<AnId> ids_of_name(const Items& items, std::string_view name) {
  std::vector<AnId> out;
  for (const auto& item : items)
    if (same_name(item.name, name)) out.push_back(item.id);
  return out;
}

/// Addresses asked of their doors: all channels of each, as a filter names none.
struct Senders {
  std::mutex mutex;  ///< guards what follows
  std::map<std::string, std::vector<ConversationId>> found;
  std::optional<Error> failed;
  std::atomic<std::size_t> left{1};
  std::function<void()> done;
  void one_less() {
    if (left.fetch_sub(1) == 1) done();
  }
};

void ask_door(const Call& call, const std::shared_ptr<Senders>& senders, const std::string& address,
              Channel channel) {
  const auto normal = normalise_address(channel, address);
  if (!normal) return;
  senders->left.fetch_add(1);
  call->engine().find_subject(call->caller.workspace, channel, *normal,
                              [call, senders, address](Result<std::optional<SubjectId>> subject) {
                                auto ids = [&]() -> Result<std::vector<ConversationId>> {
                                  if (!subject) return subject.error();
                                  if (!*subject) return std::vector<ConversationId>{};
                                  return call->engine().conversations_of(**subject);
                                }();
                                {
                                  const std::lock_guard lock(senders->mutex);
                                  if (!ids) {
                                    senders->failed = ids.error();
                                  } else {
                                    auto& found = senders->found[address];
                                    found.insert(found.end(), ids->begin(), ids->end());
                                  }
                                }
                                senders->one_less();
                              });
}

}  // namespace

FilterNames filter_names(const Exchange& x) {
  FilterNames out;
  out.me = x.caller.agent;
  const auto directory = x.engine().directory();
  const auto names = names_of(x);
  const WorkspaceId workspace = x.caller.workspace;
  const auto state = [directory, workspace]() -> const WorkspaceState* {
    const auto it = directory->workspaces.find(workspace);
    return it == directory->workspaces.end() ? nullptr : &it->second;
  };
  out.agents = [state, names](std::string_view name) {
    std::vector<AgentId> found;
    if (const WorkspaceState* w = state())
      for (const desk::Agent& agent : w->desk.agents)
        if (const auto it = names->agents.find(agent.id);
            it != names->agents.end() && same_name(it->second, name))
          found.push_back(agent.id);
    return found;
  };
  out.queues = [state](std::string_view name) {
    const WorkspaceState* w = state();
    return w == nullptr ? std::vector<QueueId>{} : ids_of_name<QueueId>(w->desk.queues, name);
  };
  out.tags = [state](std::string_view name) {
    const WorkspaceState* w = state();
    return w == nullptr ? std::vector<TagId>{} : ids_of_name<TagId>(w->settings.tags, name);
  };
  out.teams = [state](std::string_view name) {
    const WorkspaceState* w = state();
    return w == nullptr ? std::vector<TeamId>{} : ids_of_name<TeamId>(w->desk.teams, name);
  };
  out.types = [state](std::string_view name) {
    const WorkspaceState* w = state();
    return w == nullptr ? std::vector<TypeId>{} : ids_of_name<TypeId>(w->settings.types, name);
  };
  out.sub_states = [state](std::string_view name) {
    const WorkspaceState* w = state();
    return w == nullptr ? std::vector<SubStateId>{} : ids_of_name<SubStateId>(w->settings.sub_states, name);
  };
  out.field = [state](std::string_view name) -> std::optional<settings::Field> {
    const WorkspaceState* w = state();
    if (w == nullptr) return std::nullopt;
    const auto id = parse_id<FieldId>(name);
    for (const settings::Field& field : w->settings.fields)
      if ((id && field.id == *id) || same_name(field.name, name)) return field;
    return std::nullopt;
  };
  Engine& engine = x.engine();
  out.stores = [&engine, workspace](std::string_view account) {
    // A store's id is a hash that nothing leads back from: on whichever channel it is, this is it.
    std::vector<StoreId> found;
    for (const Channel channel : all_channels)
      found.push_back(store_id(engine.keys(), workspace, channel, account));
    return found;
  };
  out.conversations = [&engine, workspace](
                          FilterKey key,
                          std::string_view text) -> std::optional<std::vector<ConversationId>> {
    if (key == FilterKey::order) {
      auto found = engine.conversations_of_order(workspace, text);
      if (found) return std::move(*found);
    }
    if (key == FilterKey::subject)
      if (const auto id = parse_id<SubjectId>(text))
        if (auto found = engine.conversations_of(*id)) return std::move(*found);
    return std::nullopt;
  };
  return out;
}

FilterNames filter_names(Context& context, const Caller& caller) {
  return filter_names(Exchange{context, nullptr, {}, {}, caller, {}, nullptr});
}

Fault as_fault(const FilterFault& fault, const std::string& pointer) {
  return {pointer, std::string(fault.code),
          "at character " + std::to_string(fault.offset) + ": " + fault.detail, fault.offset};
}

void resolve_filter_for(const Call& call, const std::string& text, bool in_url,
                        std::function<void(ResolvedFilter)> done) {
  auto read = parse_filter(text);
  if (auto* fault = std::get_if<FilterFault>(&read)) return done(std::move(*fault));
  auto filter = std::make_shared<const FilterText>(std::move(std::get<FilterText>(read)));
  for (const FilterTerm& term : filter->terms)
    if (in_url && term.key == FilterKey::from)
      return done(FilterFault{term.offset, "filter.personal_in_url",
                              "an address does not belong into a URL: POST /v1/conversations/search"});
  auto senders = std::make_shared<Senders>();
  senders->done = [call, filter, senders = senders.get(), done = std::move(done)] {
    if (senders->failed) return done(*senders->failed);
    FilterNames names = filter_names(*call);
    names.conversations = [senders, others = std::move(names.conversations)](
                              FilterKey key,
                              std::string_view word) -> std::optional<std::vector<ConversationId>> {
      if (key != FilterKey::from) return others(key, word);
      const auto it = senders->found.find(std::string(word));
      return it == senders->found.end() ? std::vector<ConversationId>{} : it->second;
    };
    auto resolved = resolve_filter(*filter, names);
    if (auto* fault = std::get_if<FilterFault>(&resolved)) return done(std::move(*fault));
    done(std::make_shared<const Filter>(std::move(std::get<Filter>(resolved))));
  };
  for (const FilterTerm& term : filter->terms)
    if (term.key == FilterKey::from)
      for (const FilterValue& value : term.values)
        for (const Channel channel : all_channels) ask_door(call, senders, value.text, channel);
  senders->one_less();
}

void with_filter(const Call& call, const std::string& text, const std::string& pointer, bool in_url,
                 std::function<void(FilterPtr)> done) {
  resolve_filter_for(call, text, in_url, [call, pointer, done = std::move(done)](ResolvedFilter resolved) {
    if (const auto* fault = std::get_if<FilterFault>(&resolved))
      return call->fail({as_fault(*fault, pointer)});
    if (const auto* error = std::get_if<Error>(&resolved)) return call->fail(*error);
    done(std::get<FilterPtr>(std::move(resolved)));
  });
}

}  // namespace parlance::http
