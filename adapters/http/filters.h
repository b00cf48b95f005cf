#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/http/exchange.h"
#include "projections/filter.h"

/// Filters as callers write them: their names looked up in the caller's workspace.
namespace parlance::http {

/// The desk's and the settings' names for this caller; orders and customers through the engine. Senders' addresses are asked of their
/// doors, which answer later: only resolve_filter_for() knows them.
[[nodiscard]] FilterNames filter_names(const Exchange& x);
/// The same without a request: for whoever subscribed.
[[nodiscard]] FilterNames filter_names(Context& context, const Caller& caller);

using FilterPtr = std::shared_ptr<const Filter>;
/// Reads and resolves `text`, and hands the filter or what is wrong to `done`, perhaps on another thread. `in_url`: a term that names a
/// person is refused, as addresses do not belong into URLs.
using ResolvedFilter = std::variant<FilterPtr, FilterFault, Error>;
void resolve_filter_for(const Call& call, const std::string& text, bool in_url,
                        std::function<void(ResolvedFilter)> done);
/// The same, and answers 422 to a fault: its errors name `pointer` and the character.
void with_filter(const Call& call, const std::string& text, const std::string& pointer, bool in_url,
                 std::function<void(FilterPtr)> done);
/// The fault as one of a request's: its code, and the character in its detail.
[[nodiscard]] Fault as_fault(const FilterFault& fault, const std::string& pointer);

}  // namespace parlance::http
