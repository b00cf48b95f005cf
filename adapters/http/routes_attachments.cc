#include <algorithm>
#include <charconv>
#include <sodium.h>

#include "adapters/http/attachments.h"
#include "adapters/http/exchange.h"
#include "adapters/http/file_names.h"
#include "adapters/http/html_sanitise.h"
#include "adapters/http/html_text.h"
#include "adapters/http/render.h"

/// The routes of attached files and of HTML bodies: what strangers made, on its way in and out.
namespace parlance::http {
namespace {

constexpr std::string_view file_policy = "sandbox; default-src 'none'; frame-ancestors 'self'";
constexpr std::size_t cid_bytes_max = 2U << 20;  ///< of all images put into one document
constexpr std::size_t message_history_max = 100'000;
constexpr std::size_t message_batch = 64;

bool knows_query(const Call& call, std::string_view only) {
  for (const auto& [name, value] : call->request.query)
    if (name != only) {
      call->fail({{"?" + name, "unknown_parameter", "nothing of that name is taken here"}});
      return false;
    }
  return true;
}

HttpResponse erased(const Erased& gone) {
  const std::string day =
      gone.day == 0 ? std::string() : to_day({static_cast<std::int64_t>(gone.day) * 86'400'000});
  const std::string how = gone.redacted ? "redacted" : "erased";
  HttpResponse out = problem(410, how, how + " for ever" + (day.empty() ? "" : " on " + day));
  json::value document = json::parse(out.body);
  document.as_object()[how + "_on"] = day.empty() ? json::value(nullptr) : json::value(day);
  out.body = json::serialize(document);
  return out;
}

/// What an upload's error is over HTTP.
HttpResponse upload_problem(const Error& error) {
  if (error.rule == "attachment.too_large") return problem(413, error.rule, error.detail);
  if (error.rule == "conversation.erased") return problem(410, "erased", error.detail);
  if (error.rule == "blob.no_space")
    return problem(507, "attachments.no_space", "the disk is full; nothing of the file was kept");
  if (error.rule == "attachments.no_room") return problem(507, error.rule, error.detail);
  return problem(error);
}

// ---- in ----

/// The requester's reference, under which what agents write in a conversation is sealed. Answered where there is none.
std::optional<ReferenceId> requester_of(const Call& call, ConversationId id) {
  const StreamId stream{Category::conversation, id};
  const auto known = call->engine().stream(stream);
  if (!known) {
    call->fail(known.error());
    return std::nullopt;
  }
  if (!*known || (*known)->first != call->caller.workspace) {
    call->fail(404, "conversation.not_found", "no conversation of that id");
    return std::nullopt;
  }
  auto entries = call->engine().history(stream, 1, 1);
  auto events =
      entries ? call->engine().events(stream, *entries) : Result<std::vector<RecordedEvent>>(entries.error());
  if (!events) {
    call->fail(events.error());
    return std::nullopt;
  }
  if (!events->empty())
    if (const auto* event = std::get_if<conversation::Event>(&events->front().event.body))
      if (const auto* opened = std::get_if<conversation::Opened>(event)) return opened->requester;
  call->fail(404, "conversation.not_found", "no conversation of that id");
  return std::nullopt;
}

class UploadSink final : public BodySink {
 public:
  UploadSink(Call call, std::shared_ptr<Files::Upload> upload, std::uint64_t bytes_max)
      : call_(std::move(call)), upload_(std::move(upload)), bytes_max_(bytes_max) {}
  std::uint64_t bytes_max() const override { return bytes_max_; }
  bool take(std::string_view piece) override {
    const auto added = upload_->add(as_bytes(piece));
    if (added) return true;
    upload_.reset();
    call_->respond(upload_problem(added.error()));
    return false;
  }
  void end() override {
    call_->context.parts.on_disk([call = call_, upload = std::move(upload_)] {
      const auto stored = upload->finish();
      if (!stored) return call->respond(upload_problem(stored.error()));
      call->answer(201, json::object{{"id", to_text(stored->id)},
                                     {"size", stored->size},
                                     {"sha256", to_hex(stored->sha256)},
                                     {"expires_at", to_rfc3339(stored->expires_at)}});
    });
  }

 private:
  Call call_;
  std::shared_ptr<Files::Upload> upload_;
  std::uint64_t bytes_max_;
};

std::shared_ptr<BodySink> upload(const Call& call) {
  const HttpRequest& request = call->request;
  if (!knows_query(call, "conversation")) return nullptr;
  if (!request.header("content-encoding").empty()) {
    call->fail(415, "http.content_encoding", "send the file as it is");
    return nullptr;
  }
  std::vector<Fault> faults;
  Files::NewFile file;
  file.workspace = call->caller.workspace;
  file.slot = call->caller.workspace.slot();
  file.actor = call->caller.actor;
  const std::string_view type = request.header("content-type");
  const auto clean = type.empty() ? std::optional<std::string>("application/octet-stream") : media_type(type);
  if (clean)
    file.type = *clean;
  else
    faults.push_back({"#content-type", "not_a_media_type", "such as image/png, at most 127 bytes"});
  const std::string_view given = request.header("parlance-file-name");
  // What is not encoded came some other way, such as a header that was folded.
  const bool encoded = std::ranges::all_of(given, [](char c) { return c > ' ' && c <= '~'; });
  const auto name = encoded ? percent_decoded(given.empty() ? "file" : given) : std::nullopt;
  if (!name)
    faults.push_back({"#parlance-file-name", "not_a_name", "percent-encoded UTF-8 is wanted"});
  else if (name->size() > blob_name_bytes_max)
    faults.push_back({"#parlance-file-name", "too_long", "at most 255 bytes"});
  else
    file.name = *name;
  const auto on = request.query.find("conversation");
  if (on != request.query.end()) {
    const auto id = parse_id<ConversationId>(on->second);
    if (id)
      file.conversation = *id;
    else
      faults.push_back({"?conversation", std::string(id.error().rule), id.error().detail});
  }
  if (!faults.empty()) {
    call->fail(faults);
    return nullptr;
  }
  if (file.conversation) {
    const auto requester = requester_of(call, file.conversation);
    if (!requester) return nullptr;
    file.requester = *requester;
    file.slot = file.conversation.slot();
  }
  Files& files = call->context.parts.files;
  auto begun = files.begin(file);
  if (!begun) {
    call->respond(upload_problem(begun.error()));
    return nullptr;
  }
  return std::make_shared<UploadSink>(call, std::move(*begun), files.limits().bytes_max);
}

void upload_in_batch(const Call& call) {
  call->fail(422, "batch.upload", "a file is uploaded by a request of its own");
}

// ---- out ----

/// For the operator, who else would not hear of a file that rots.
Error noted(Context& context, Error error) {
  if (error.code == Errc::corrupt) ++context.damaged_downloads;
  return error;
}

/// A part of an opened file. Its first piece was read before anything was answered.
class FileSource final : public BodySource {
 public:
  FileSource(std::shared_ptr<Context> context, AttachedFile file, Bytes first, const ByteRange& range)
      : context_(std::move(context)),
        file_(std::move(file)),
        first_(std::move(first)),
        at_(range.from),
        left_(range.length),
        size_(range.length) {}
  std::uint64_t size() const override { return size_; }
  Result<std::string> next() override {
    if (left_ == 0) return std::string();
    Bytes piece;
    if (!first_.empty()) {
      piece = std::move(first_);
      first_.clear();
    } else {
      auto read = file_.blob->read(at_);
      if (!read) return noted(*context_, read.error());
      piece = std::move(*read);
    }
    std::string out(
        as_text(piece).substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece.size()))));
    if (out.empty()) return noted(*context_, corrupt("blob.corrupt", "the file ends before its length"));
    at_ += out.size();
    left_ -= out.size();
    return out;
  }

 private:
  std::shared_ptr<Context> context_;
  AttachedFile file_;
  Bytes first_;
  std::uint64_t at_, left_, size_;
};

/// The bytes from `at` on: a chunk of a blob, or the rest of what lies in the capsule.
Result<Bytes> piece_at(const AttachedFile& file, std::uint64_t at) {
  if (file.blob) return file.blob->read(at);
  const ByteView all = as_bytes(file.attachment.data);
  const auto rest = all.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(at, all.size())));
  return Bytes(rest.begin(), rest.end());
}

void send_file(const Call& call, AttachmentId id, AttachedFile file) {
  const std::uint64_t size = file.blob ? file.blob->description().size : file.attachment.data.size();
  ByteRange range{0, size};
  const auto wanted = read_range(call->request.header("range"), size, range);
  if (wanted == RangeAnswer::unsatisfiable) {
    HttpResponse out = problem(416, "http.range", "the file has " + std::to_string(size) + " bytes");
    out.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return call->respond(std::move(out));
  }
  auto start = piece_at(file, 0);
  auto first = start && range.from != 0 ? piece_at(file, range.from) : start;
  if (!first) return call->fail(noted(call->context, first.error()));

  HttpResponse out;
  const auto in_line = call->request.query.find("inline");
  const std::string_view image = shown_image_type(as_text(*start));
  const bool shown = in_line != call->request.query.end() && in_line->second == "1" && !image.empty() &&
                     served_type(file.attachment.type).starts_with("image/");
  out.type = shown ? image : served_type(file.attachment.type);
  if (out.type == "text/plain" || out.type == "text/csv") out.type += "; charset=utf-8";
  out.headers.emplace_back("Content-Disposition",
                           content_disposition(shown, clean_file_name(file.attachment.name)));
  out.headers.emplace_back("Content-Security-Policy", file_policy);
  out.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  out.headers.emplace_back("Referrer-Policy", "no-referrer");
  out.headers.emplace_back("Accept-Ranges", "bytes");
  out.headers.emplace_back("ETag", "\"" + to_text(id) + "\"");
  if (wanted == RangeAnswer::part) {
    out.status = 206;
    out.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.from) + "-" +
                                                  std::to_string(range.from + range.length - 1) + "/" +
                                                  std::to_string(size));
  }
  out.source = std::make_shared<FileSource>(call->keep, std::move(file), std::move(*first), range);
  call->respond(std::move(out));
}

void download(const Call& call) {
  if (!knows_query(call, "inline")) return;
  const auto in_line = call->request.query.find("inline");
  if (in_line != call->request.query.end() && in_line->second != "0" && in_line->second != "1")
    return call->fail({{"?inline", "not_a_boolean", "0 or 1"}});
  const auto id = path_id<AttachmentId>(call);
  if (!id) return;
  when_visible(call, [call, id] {
    auto found = find_attachment(*call, *id);
    if (!found && found.error().code == Errc::refused)
      return call->fail(403, found.error().rule, found.error().detail);
    if (!found) return call->fail(noted(call->context, found.error()));
    if (const auto* gone = std::get_if<Erased>(&*found)) return call->respond(erased(*gone));
    send_file(call, *id, std::move(std::get<AttachedFile>(*found)));
  });
}

// ---- HTML bodies ----

struct Message {
  Sealed content;
  std::optional<Sealed> attachments;
};
template <class... E> bool take_message(const conversation::Event& event, MessageId id, Message& out) {
  const auto one = [&]<class T>(const T* e) {
    if (e == nullptr || e->id != id) return false;
    out.content = e->content.sealed();
    if (e->attachments) out.attachments = e->attachments->sealed();
    return true;
  };
  return (one(std::get_if<E>(&event)) || ...);
}

/// Finds a message among a conversation's events: first those of about when its id was made.
Result<std::optional<Message>> find_message(const Exchange& x, ConversationId conversation, MessageId id) {
  const StreamId stream{Category::conversation, conversation};
  auto entries = x.engine().history(stream, 1, message_history_max);
  if (!entries) return entries.error();
  const auto made_at = static_cast<std::int64_t>(id.high >> 16);
  std::ranges::stable_sort(*entries, {}, [&](const history::Entry& entry) {
    const std::int64_t apart = entry.recorded_at.ms - made_at;
    return apart < 0 ? -apart : apart;
  });
  for (std::size_t at = 0; at < entries->size(); at += message_batch) {
    const auto begin = entries->begin() + static_cast<std::ptrdiff_t>(at);
    const auto end =
        entries->begin() + static_cast<std::ptrdiff_t>(std::min(at + message_batch, entries->size()));
    const auto events = x.engine().events(stream, std::vector<history::Entry>(begin, end));
    if (!events) return events.error();
    for (const RecordedEvent& event : *events) {
      const auto* body = std::get_if<conversation::Event>(&event.event.body);
      Message out;
      if (body != nullptr &&
          take_message<conversation::MessageReceived, conversation::Replied, conversation::NoteAdded>(
              *body, id, out))
        return std::optional(out);
    }
  }
  return std::optional<Message>();
}

/// The images that a message brought along, as data.
FindImage images_of(const Exchange& x, const std::optional<Sealed>& sealed) {
  if (!sealed) return {};
  auto shown = show<Attachments>(x, *sealed);
  if (!shown.value) return {};
  auto files = std::make_shared<Attachments>(std::move(*shown.value));
  auto left = std::make_shared<std::size_t>(cid_bytes_max);
  return [&x, files, left](std::string_view wanted) -> std::optional<std::string> {
    const auto decoded = percent_decoded(wanted);
    const auto found = std::ranges::find_if(*files, [&](const Attachment& file) {
      return !file.content_id.empty() &&
             (file.content_id == wanted || (decoded && file.content_id == *decoded));
    });
    if (found == files->end() || found->size() > *left) return std::nullopt;
    std::string bytes = found->data;
    if (found->key) {
      const auto blob = x.context.parts.files.open(x.caller.workspace, found->id, *found->key);
      if (!blob) return std::nullopt;
      while (bytes.size() < blob->description().size) {
        const auto piece = blob->read(bytes.size());
        if (!piece || piece->empty()) return std::nullopt;
        bytes += as_text(*piece);
      }
    }
    const std::string_view type = shown_image_type(bytes);
    if (type.empty() || bytes.size() > *left) return std::nullopt;
    *left -= bytes.size();
    std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      bytes.size(), sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();  // its NUL
    return "data:" + std::string(type) + ";base64," + text;
  };
}

void message_html(const Call& call) {
  if (!knows_query(call, "")) return;
  const auto conversation = path_id<ConversationId>(call);
  if (!conversation) return;
  const auto id = path_id<MessageId>(call, 1);
  if (!id) return;
  const auto known = call->engine().stream({Category::conversation, *conversation});
  if (!known) return call->fail(known.error());
  if (!*known || (*known)->first != call->caller.workspace)
    return call->fail(404, "conversation.not_found", "no conversation of that id");
  const auto message = find_message(*call, *conversation, *id);
  if (!message) return call->fail(message.error());
  if (!*message) return call->fail(404, "message.not_found", "no message of that id here");
  auto opened = call->engine().door().open<MessageContent>(call->caller.principal(), Purpose::support,
                                                           call->caller.workspace, (*message)->content);
  if (const auto* gone = std::get_if<Erased>(&opened)) return call->respond(erased(*gone));
  if (const auto* closed = std::get_if<Unavailable>(&opened)) {
    if (closed->error.code == Errc::refused) return call->fail(403, closed->error.rule, closed->error.detail);
    return call->fail(closed->error);
  }
  const auto& content = std::get<MessageContent>(opened);
  if (content.html.empty() || has_too_many_tags(content.html))
    return call->fail(404, "message.no_html", "this message has no HTML that could be shown");
  HttpResponse out;
  out.type = "text/html; charset=utf-8";
  out.body = html_document(sanitise_html(content.html, images_of(*call, (*message)->attachments)));
  out.headers.emplace_back("Content-Security-Policy", html_document_policy);
  out.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  out.headers.emplace_back("Referrer-Policy", "no-referrer");
  call->respond(std::move(out));
}

}  // namespace

const std::vector<Route>& attachment_routes() {
  static const std::vector<Route> routes{
      {"POST", "/v1/attachments", upload_in_batch, Needs::files, upload},
      {"GET", "/v1/attachments/{id}", download, Needs::agent},
      {"GET", "/v1/conversations/{id}/messages/{message_id}/html", message_html, Needs::agent},
  };
  return routes;
}

}  // namespace parlance::http
