#include "tools/parlance/shop_lines.h"

#include <array>

#include <boost/json.hpp>

#include "engine/base/instant.h"

namespace parlance::tools::demo {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 5> queues{"orders", "shipping", "returns", "warranty", "marketplace"};

json::string_view text(std::string_view t) { return {t.data(), t.size()}; }
std::string in_braces(std::string_view name) { return "{" + std::string(name) + "}"; }
/// What came back after it was closed is another conversation; so each is called by its latest message.
std::string conversation_of(const Step& step) {
  std::string out = "c" + std::to_string(step.conversation);
  return step.message == 1 ? out : out + "." + std::to_string(step.message);
}

json::object command(const Step& step, std::string_view what) {
  json::object line;
  line["path"] = "/v1/conversations/" + in_braces(conversation_of(step)) + "/" + std::string(what);
  return line;
}

json::object arrival(const Case& told, const Step& step, std::uint64_t seed) {
  json::object line;
  line["id"] = conversation_of(step);
  line["channel"] = text(to_text(told.channel));
  line["account"] = text(told.account);
  line["message_id"] = "<" + std::to_string(seed) + "." + std::to_string(step.conversation) + "." +
                       std::to_string(step.number) + "@wanderwool.example>";
  line["from"] = json::object{{"address", told.address}, {"name", told.story.name}};
  if (!told.subject.empty()) line["subject"] = step.number == 1 ? told.subject : "Re: " + told.subject;
  line["language"] = text(told.language->tag);
  line["order"] = told.story.order;
  line["text"] = step.text;
  return line;
}

}  // namespace

std::string name_of(const Colleague& colleague) {
  return std::string(colleague.email.substr(0, colleague.email.find('@')));
}
std::string name_of(DeskQueue queue) { return std::string(queues[static_cast<std::size_t>(queue)]); }

void write_desk_lines(std::span<const Colleague> staff, const LineSink& sink) {
  const auto write = [&](std::string_view path, std::string_view id, json::object members) {
    json::object line{{"path", text(path)}};
    if (!id.empty()) line["id"] = text(id);
    for (auto& member : members) line[member.key()] = std::move(member.value());
    sink(json::serialize(line));
  };
  write("/v1/settings", "",
        {{"first_response_seconds", first_response_ms / 1000}, {"auto_close_seconds", auto_close_ms / 1000}});
  for (std::size_t i = 0; i < queues.size(); ++i)
    write("/v1/queues", queues[i], {{"name", text(queue_names()[i])}});
  for (const std::string_view tag : tag_names()) write("/v1/tags", "", {{"name", text(tag)}});
  for (const Colleague& one : staff)
    write("/v1/agents", name_of(one),
          {{"name", text(one.name)}, {"email", text(one.email)}, {"role", text(to_text(one.role))}});
}

std::string line_of(const ShopHistory::Next& next, std::uint64_t seed, std::span<const Colleague> staff) {
  using What = Step::What;
  const Step& step = *next.step;
  const Case& told = *next.told;
  json::object line;
  const auto by_agent = [&](std::string_view what) {
    line = command(step, what);
    line["as"] = in_braces(name_of(staff[step.agent]));
  };
  switch (step.what) {
    case What::arrive: line = arrival(told, step, seed); break;
    case What::route:
      line = command(step, "assign");
      line["queue"] = in_braces(name_of(queue_for(told.matter, told.channel)));
      break;
    case What::claim: by_agent("claim"); break;
    case What::reply:
      by_agent("reply");
      line["text"] = step.text;
      break;
    case What::note:
      by_agent("note");
      line["text"] = step.text;
      break;
    case What::tag:
      line = command(step, "tags");
      line["add"] = json::array{text(tag_names()[static_cast<std::size_t>(step.tag)])};
      break;
    case What::urgent:
      line = command(step, "priority");
      line["priority"] = "urgent";
      break;
    case What::snooze:
      by_agent("snooze");
      line["until"] = to_rfc3339(step.until);
      break;
    case What::wait_customer:
    case What::wait_third_party:
      by_agent("wait");
      line["for"] = step.what == What::wait_customer ? "customer" : "third_party";
      break;
    case What::resolve: by_agent("resolve"); break;
    case What::rate:
      line = command(step, "rating");
      line["kind"] = "csat";
      line["score"] = step.score;
      break;
    case What::timers: break;
  }
  line["occurred_at"] = to_rfc3339(step.at);
  return json::serialize(line);
}

}  // namespace parlance::tools::demo
