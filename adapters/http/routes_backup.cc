#include "adapters/http/backups.h"
#include "adapters/http/exchange.h"

/// The routes of backups.
namespace parlance::http {
namespace {

constexpr std::size_t path_bytes_max = 4096;
constexpr std::int64_t keep_max = 10'000;

Backups* backups_of(const Call& call) {
  if (Backups* backups = call->context.parts.backups) return backups;
  call->fail(501, "backup.not_here", "this server makes no backups");
  return nullptr;
}

void start_backup(const Call& call) {
  Backups* backups = backups_of(call);
  if (backups == nullptr) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const std::string dir = fields.text("dir", path_bytes_max);
  const auto keep = fields.integer("keep", 1, keep_max);
  if (dir.find('\0') != std::string::npos) fields.fault("dir", "malformed", "a path has no zero byte");
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  if (auto started = backups->start(dir, static_cast<std::size_t>(keep.value_or(0))); !started) {
    const Error& error = started.error();
    if (error.code == Errc::locked) return call->fail(409, error.rule, error.detail);
    return call->fail(error);
  }
  call->answer(202, backups->status(), {{"Location", "/v1/admin/backups"}});
}

void show_backups(const Call& call) {
  if (Backups* backups = backups_of(call)) call->answer(200, backups->status());
}

}  // namespace

const std::vector<Route>& backup_routes() {
  static const std::vector<Route> routes{
      {"POST", "/v1/admin/backups", start_backup, Needs::admin},
      {"GET", "/v1/admin/backups", show_backups, Needs::admin},
  };
  return routes;
}

}  // namespace parlance::http
