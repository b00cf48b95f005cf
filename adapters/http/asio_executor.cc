#include "adapters/http/asio_executor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

namespace parlance::http {
namespace asio = boost::asio;
namespace {

class StrandExecutor final : public Executor {
 public:
  explicit StrandExecutor(asio::io_context& io) : strand_(asio::make_strand(io)) {}
  void post(std::function<void()> work) override { asio::post(strand_, std::move(work)); }
  void after(std::int64_t delay_ms, std::function<void()> work) override {
    auto timer = std::make_shared<asio::steady_timer>(strand_, std::chrono::milliseconds(delay_ms));
    timer->async_wait([timer, work = std::move(work)](boost::system::error_code error) {
      if (!error) work();
    });
  }

 private:
  asio::strand<asio::io_context::executor_type> strand_;
};

}  // namespace

std::unique_ptr<Executor> make_strand_executor(asio::io_context& io) {
  return std::make_unique<StrandExecutor>(io);
}

}  // namespace parlance::http
