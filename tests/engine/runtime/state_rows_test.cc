#include "engine/runtime/state_rows.h"

#include <doctest/doctest.h>

using namespace parlance;

namespace {

template <class State> State read_back(const State& state) {
  ByteWriter out;
  write_row(out, state);
  const Bytes bytes = out.take();
  ByteReader in(bytes);
  State read;
  read_row(in, read);
  CHECK(in.at_end());
  // Cut anywhere it is no row, and nothing is read beyond it.
  for (std::size_t keep = 0; keep < bytes.size(); ++keep) {
    ByteReader cut(ByteView(bytes).first(keep));
    State some;
    read_row(cut, some);
    CHECK_FALSE(cut.ok());
  }
  return read;
}

}  // namespace

TEST_CASE("what agents may note is the same read back, choices and all") {
  settings::State state;
  state.fields.push_back({.id = FieldId::from({1, 1}), .name = "parcel", .kind = FieldKind::choice});
  state.fields.back().choices = {{ChoiceId::from({1, 2}), "lost", false},
                                 {ChoiceId::from({1, 3}), "broken", true}};
  state.fields.push_back({.id = FieldId::from({1, 4}), .name = "since", .kind = FieldKind::date});
  CHECK(read_back(state) == state);
}

TEST_CASE("what agents noted is the same read back, of each kind") {
  conversation::State state;
  const auto note = [&](conversation::FieldValue value) {
    state.fields.push_back({FieldId::from({2, state.fields.size()}), std::move(value)});
  };
  note(std::monostate());
  note(conversation::NumberValue{-12'345});
  note(conversation::DateValue{20'416});
  note(ChoiceId::from({1, 2}));
  note(true);
  note(false);
  CHECK(read_back(state).fields == state.fields);
}

TEST_CASE("how much an agent takes of each channel, and a token's hash, are the same read back") {
  desk::State state;
  state.agents.emplace_back();
  state.agents.back().id = AgentId::from({3, 1});
  state.agents.back().capacity.total = 9;
  state.agents.back().capacity.channels = {{Channel::chat, 3}, {Channel::email, 7}};
  state.tokens.emplace_back();
  state.tokens.back().hash.fill(7);
  const desk::State read = read_back(state);
  CHECK(read.agents == state.agents);
  CHECK(read.tokens == state.tokens);
}
