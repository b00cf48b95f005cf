#pragma once
#include <memory>

#include <boost/asio/io_context.hpp>

#include "engine/ports/executor.h"

namespace parlance::http {

/// A strand of `io`: what is posted runs in order, one thing at a time, on whichever thread runs `io`.
[[nodiscard]] std::unique_ptr<Executor> make_strand_executor(boost::asio::io_context& io);

}  // namespace parlance::http
