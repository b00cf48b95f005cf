#include "tools/parlance/service.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <fmt/core.h>
#include <systemd/sd-daemon.h>

namespace parlance::tools {
namespace {
constexpr auto tell_interval = std::chrono::seconds(5);
constexpr long long more_time_us = 30'000'000;
}  // namespace

void tell_ready(const std::string& status) { sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }
void tell_stopping() { sd_notify(0, "STOPPING=1\nSTATUS=answering what was accepted"); }

struct Starting::Impl {
  std::mutex mutex;  // guards over
  std::condition_variable wake;
  bool over = false;
  std::thread thread;
};

Starting::Starting(const std::string& status) {
  if (std::getenv("NOTIFY_SOCKET") == nullptr) return;
  impl_ = std::make_unique<Impl>();
  impl_->thread = std::thread([this, status] {
    std::unique_lock lock(impl_->mutex);
    do sd_notify(0, fmt::format("STATUS={}\nEXTEND_TIMEOUT_USEC={}", status, more_time_us).c_str());
    while (!impl_->wake.wait_for(lock, tell_interval, [this] { return impl_->over; }));
  });
}

Starting::~Starting() {
  if (!impl_) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->over = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

}  // namespace parlance::tools
