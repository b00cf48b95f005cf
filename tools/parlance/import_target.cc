#include "tools/parlance/import_target.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <thread>

#include "engine/runtime/blind.h"

namespace parlance::tools {
namespace {

constexpr std::size_t in_process_max = 3000;  // below what one owner takes (owner_commands_max)
constexpr std::size_t connections = 4;
constexpr std::size_t batch_max = 400;
constexpr std::size_t batch_bytes_max = 900'000;  // below what a server takes as one body
constexpr int tries = 6;
constexpr auto first_pause = std::chrono::milliseconds(200);
constexpr auto patience = std::chrono::milliseconds(500);

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}
bool is_true(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && value->is_bool() && value->get_bool();
}

ImportAnswer answer_of(std::uint64_t ticket, unsigned status, bool replayed, const json::value& body) {
  ImportAnswer out;
  out.ticket = ticket;
  out.status = status;
  out.replayed = replayed;
  const json::object none;
  const json::object& said = body.is_object() ? body.get_object() : none;
  if (status >= 200 && status < 300) {
    out.unchanged = is_true(said, "unchanged");
    out.opened = is_true(said, "created");
    const std::string_view conversation = text_of(said, "conversation");
    out.id = conversation.empty() ? text_of(said, "id") : conversation;
    return out;
  }
  out.code = text_of(said, "code");
  out.detail = text_of(said, "detail");
  const auto* errors = said.if_contains("errors");
  if (errors == nullptr || !errors->is_array() || errors->get_array().empty()) return out;
  if (const auto* first = errors->get_array().front().if_object()) {
    out.pointer = text_of(*first, "pointer");
    out.detail = text_of(*first, "detail");
  }
  return out;
}

/// Answers as they come in, from any thread.
class Inbox {
 public:
  void put(ImportAnswer answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    if (answers_.size() == 1) arrived_.notify_one();
  }
  std::vector<ImportAnswer> take() {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, patience, [this] { return !answers_.empty(); });
    return std::exchange(answers_, {});
  }

 private:
  std::mutex mutex_;  // guards answers_
  std::condition_variable arrived_;
  std::vector<ImportAnswer> answers_;
};

class InProcess final : public ImportTarget {
 public:
  InProcess(Node& node, const std::string& name)
      : node_(node), id_(import_id(node.engine().keys(), node.workspace(), name)) {
    caller_.workspace = node.workspace();
    caller_.actor = {ActorKind::program, {}};
    caller_.role = Role::admin;
    caller_.scopes = Scope::agent | Scope::ingest | Scope::import | Scope::admin;
  }

  std::size_t at_once_max() const override { return in_process_max; }
  Done<void> open() override { return submit(settings::OpenImport{id_}); }
  Done<void> close() override { return submit(settings::CloseImport{id_}); }

  void send(std::vector<ImportCommand> commands) override {
    for (ImportCommand& c : commands)
      node_.api().post(
          caller_, {std::move(c.path), std::move(c.key), std::move(c.as), id_, std::move(c.body)},
          [inbox = inbox_, ticket = c.ticket](const http::HttpResponse& response) {
            const bool replayed = std::ranges::any_of(
                response.headers, [](const auto& header) { return header.first == "Idempotency-Replayed"; });
            json::error_code ignored;
            inbox->put(answer_of(ticket, response.status, replayed, json::parse(response.body, ignored)));
          });
  }
  std::vector<ImportAnswer> answers() override { return inbox_->take(); }

 private:
  template <class Command> Done<void> submit(Command command) {
    Request request;
    request.workspace = node_.workspace();
    request.slot = node_.workspace().slot();
    request.actor = caller_.actor;
    request.action = OnSettings{command};
    auto done = node_.submit(std::move(request));
    if (!done) return failure(done.error());
    return {};
  }

  Node& node_;
  ImportId id_;
  http::Caller caller_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
};

/// Some connections, each with a thread that sends what waits, a batch at a time. A batch that may or may not have arrived is sent again:
/// its commands have keys.
class OverHttp final : public ImportTarget {
 public:
  OverHttp(std::vector<Client> clients, std::string name, std::string id)
      : name_(std::move(name)), id_(std::move(id)), clients_(std::move(clients)) {
    for (std::size_t i = 1; i < clients_.size(); ++i) threads_.emplace_back([this, i] { run(clients_[i]); });
  }
  ~OverHttp() override {
    {
      const std::lock_guard lock(mutex_);
      quit_ = true;
    }
    waits_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  std::size_t at_once_max() const override { return connections * batch_max; }
  Done<void> open() override {
    auto opened = clients_.front().post("/v1/imports", json::object{{"name", name_}});
    if (!opened) return opened.error();
    return {};
  }
  Done<void> close() override {
    auto closed = clients_.front().post("/v1/imports/" + id_ + "/close", json::object{});
    if (!closed) return closed.error();
    return {};
  }

  void send(std::vector<ImportCommand> commands) override {
    {
      const std::lock_guard lock(mutex_);
      for (ImportCommand& command : commands) {
        json::object one{{"method_path", "POST " + encoded(command.path)}};
        one["key"] = command.key;
        if (!command.as.empty()) one["as"] = command.as;
        one["body"] = std::move(command.body);
        queue_.push_back({command.ticket, json::serialize(one)});
      }
    }
    waits_.notify_all();
  }
  std::vector<ImportAnswer> answers() override { return inbox_.take(); }

 private:
  struct Waiting {
    std::uint64_t ticket;
    std::string command;
  };

  static std::string encoded(std::string_view path) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : path) {
      const auto byte = static_cast<unsigned char>(c);
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
          c == '-' || c == '_' || c == '.') {
        out += c;
      } else {
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
      }
    }
    return out;
  }

  void run(Client& client) {
    for (;;) {
      std::vector<Waiting> batch;
      std::size_t bytes = 0;
      {
        std::unique_lock lock(mutex_);
        waits_.wait(lock, [this] { return quit_ || !queue_.empty(); });
        if (quit_) return;
        while (!queue_.empty() && batch.size() < batch_max &&
               (batch.empty() || bytes + queue_.front().command.size() < batch_bytes_max)) {
          bytes += queue_.front().command.size() + 1;
          batch.push_back(std::move(queue_.front()));
          queue_.pop_front();
        }
      }
      post(client, batch);
    }
  }

  void post(Client& client, std::span<const Waiting> batch) {
    std::string body = R"({"commands":[)";
    for (const Waiting& one : batch) body += (&one == batch.data() ? "" : ",") + one.command;
    body += "]}";
    Failure failed{Exit::unreachable, "the server does not answer"};
    auto pause = first_pause;
    for (int i = 0; i < tries; ++i, pause *= 2) {
      auto answered = client.post_text("/v1/batch", body, {"Parlance-Import: " + id_});
      if (answered) {
        const auto* all = answered->is_object() ? answered->get_object().if_contains("data") : nullptr;
        const auto* data = all == nullptr ? nullptr : all->if_array();
        if (data != nullptr && data->size() == batch.size()) {
          for (std::size_t n = 0; n < batch.size(); ++n) put(batch[n].ticket, (*data)[n]);
          return;
        }
        failed.text = "the server's answer to a batch is none";
        break;
      }
      failed = answered.error();
      if (failed.code != Exit::unreachable) break;
      std::unique_lock lock(mutex_);
      if (waits_.wait_for(lock, pause, [this] { return quit_; })) return;
    }
    // One line that is too much for a body must not take the others with it.
    if (failed.code == Exit::failed && batch.size() > 1) {
      post(client, batch.first(batch.size() / 2));
      return post(client, batch.subspan(batch.size() / 2));
    }
    for (const Waiting& one : batch) {
      ImportAnswer answer;
      answer.ticket = one.ticket;
      if (failed.code == Exit::failed) {
        answer.status = 400;
        answer.code = "http.refused";
      }
      answer.detail = failed.text;
      inbox_.put(std::move(answer));
    }
  }
  void put(std::uint64_t ticket, const json::value& one) {
    const json::object none;
    const json::object& said = one.is_object() ? one.get_object() : none;
    const auto* status = said.if_contains("status");
    json::error_code ignored;
    const auto* body = said.if_contains("body");
    inbox_.put(answer_of(ticket, status == nullptr ? 0 : status->to_number<unsigned>(ignored),
                         is_true(said, "replayed"), body == nullptr ? json::value() : *body));
  }

  std::string name_, id_;
  std::vector<Client> clients_;  // the first is send()'s caller's, the others a thread's each
  Inbox inbox_;
  std::mutex mutex_;  // guards queue_ and quit_
  std::condition_variable waits_;
  std::deque<Waiting> queue_;
  bool quit_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<ImportTarget> import_into(Node& node, const std::string& name) {
  return std::make_unique<InProcess>(node, name);
}

Done<std::unique_ptr<ImportTarget>> import_to(const ServerOptions& server, const std::string& name) {
  std::vector<Client> clients;
  for (std::size_t i = 0; i <= connections; ++i) {
    auto client = Client::open(server, Answers::server);
    if (!client) return client.error();
    clients.push_back(std::move(*client));
  }
  auto named = clients.front().get("/v1/imports", {{"name", name}});
  if (!named) return named.error();
  std::string id;
  if (const auto* body = named->if_object())
    if (const auto* data = body->if_contains("data"); data != nullptr && data->is_array())
      if (!data->get_array().empty() && data->get_array().front().is_object())
        id = text_of(data->get_array().front().get_object(), "id");
  if (id.empty()) return Failure{Exit::failed, "the server does not say what the import's id is"};
  return std::unique_ptr<ImportTarget>(std::make_unique<OverHttp>(std::move(clients), name, std::move(id)));
}

}  // namespace parlance::tools
