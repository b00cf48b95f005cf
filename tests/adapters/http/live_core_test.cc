#include <doctest/doctest.h>

#include "tests/adapters/http/live_world.h"

namespace parlance::http {
namespace {

using namespace tests;

std::string viewing(std::uint64_t number, const std::string& state) {
  return R"({"op":"viewing","conversation":")" + to_text(conversation(number)) + R"(","state":")" + state +
         "\"}";
}
std::string viewers(std::uint64_t number, const std::string& data) {
  return R"({"op":"viewers","conversation":")" + to_text(conversation(number)) + R"(","data":[)" + data +
         "]}";
}

// ---- subscriptions and rounds ----

TEST_CASE("a subscriber gets the state, and then what changes") {
  LiveWorld w;
  w.world.write(0, conversation(1));
  auto peer = w.client();
  CHECK(w.subscribe(peer, "s1", 1) == R"({"op":"snapshot","id":"s1","cursor":"1.0","data":[0]})");
  w.world.write(0, conversation(1));
  w.world.write(0, conversation(2));
  w.advance();
  CHECK(peer.stream->take() == R"({"op":"change","id":"s1","cursor":"3.0","data":[1]})");
  w.world.write(0, conversation(2));
  w.executor.run_for(100);
  w.advance();
  CHECK(peer.stream->take().empty());
}

TEST_CASE("a change is worked out once for all who subscribed to the same") {
  LiveWorld w;
  std::vector<LiveWorld::Peer> peers;
  for (int i = 0; i < 100; ++i) {
    peers.push_back(w.client());
    (void)w.subscribe(peers.back(), "s", 1);
  }
  CHECK(w.world.snapshots == 1);
  w.world.refreshes = 0;
  w.world.write(0, conversation(1));
  w.advance();
  CHECK(w.world.refreshes == 1);
  for (auto& peer : peers)
    CHECK(peer.stream->take() == R"({"op":"change","id":"s","cursor":"1.0","data":[0]})");
}

TEST_CASE("many changes within a round are one message, and rounds keep their distance") {
  LiveWorld w;
  auto peer = w.client();
  (void)w.subscribe(peer, "s", 1);
  w.world.write(0, conversation(1));
  w.advance();
  CHECK(peer.stream->texts.size() == 1);  // the first goes out at once
  (void)peer.stream->take();
  for (int i = 0; i < 40; ++i) {
    w.world.write(0, conversation(1));
    w.advance();
    w.executor.run_for(1);
  }
  CHECK(peer.stream->texts.empty());
  w.executor.run_for(10);
  CHECK(peer.stream->texts.size() == 1);
  w.executor.run_for(200);
  CHECK(peer.stream->texts.size() == 1);
  CHECK(peer.stream->texts.front().find("40]") != std::string::npos);
}

TEST_CASE("what happens in another workspace is not told, and wakes nothing") {
  LiveWorld w;
  auto peer = w.client();
  (void)w.subscribe(peer, "s", 1);
  w.world.refreshes = 0;
  w.world.write(0, conversation(1), elsewhere);
  w.advance();
  CHECK(w.world.refreshes == 0);
  CHECK(peer.stream->take().empty());
}

TEST_CASE("after the last unsubscribe a topic is forgotten") {
  LiveWorld w;
  auto a = w.client(), b = w.client();
  (void)w.subscribe(a, "s", 1);
  (void)w.subscribe(b, "s", 1);
  CHECK(w.core.figures().topics == 1);
  CHECK(w.say(a, R"({"op":"unsubscribe","id":"s"})").empty());
  CHECK(w.core.figures().topics == 1);
  b.handler->on_close();
  w.executor.run();
  CHECK(w.core.figures().topics == 0);
  CHECK(w.core.figures().clients == 1);
  w.world.refreshes = 0;
  w.world.write(0, conversation(1));
  w.advance();
  CHECK(w.world.refreshes == 0);
}

TEST_CASE("a topic that cannot be read now is tried again, and nothing is lost") {
  LiveWorld w;
  auto peer = w.client();
  (void)w.subscribe(peer, "s", 1);
  w.world.write(0, conversation(1));
  w.world.unreadable = true;
  w.advance();
  CHECK(peer.stream->take().empty());
  w.executor.run_for(3'000);
  w.world.unreadable = false;
  w.executor.run_for(3'000);
  CHECK(peer.stream->take() == R"({"op":"change","id":"s","cursor":"1.0","data":[0]})");
}

TEST_CASE("who falls far behind looks at everything once instead of at each record") {
  LiveLimits limits;
  limits.jump_records = 50;
  LiveWorld w(limits);
  auto peer = w.client();
  (void)w.subscribe(peer, "s", 1);
  for (int i = 0; i < 60; ++i) w.world.write(1, conversation(5));
  w.world.write(0, conversation(1));
  w.world.refreshes = 0;
  w.advance();
  CHECK(peer.stream->take() == R"({"op":"change","id":"s","cursor":"1.60","data":[0]})");
}

TEST_CASE("a long way is read in pieces") {
  LiveLimits limits;
  limits.records_a_turn = 10;
  LiveWorld w(limits);
  auto peer = w.client();
  (void)w.subscribe(peer, "s", 1);
  for (int i = 0; i < 35; ++i) w.world.write(0, conversation(1));
  w.advance();
  w.executor.run_for(500);
  std::size_t items = 0;
  for (const std::string& text : peer.stream->texts)
    items += static_cast<std::size_t>(std::ranges::count(text.substr(text.find("data")), ',')) + 1;
  CHECK(items == 35);
}

TEST_CASE("while more is durable than is applied, it asks again by itself") {
  LiveWorld w;
  auto peer = w.client();
  (void)w.subscribe(peer, "s", 1);
  w.world.more_soon = true;
  w.advance();
  w.world.write(0, conversation(1));
  w.world.more_soon = false;
  w.executor.run_for(100);
  CHECK(peer.stream->take() == R"({"op":"change","id":"s","cursor":"1.0","data":[0]})");
}

TEST_CASE("of a round's messages only the last says that all of it was told") {
  LiveWorld w;
  auto peer = w.client();
  (void)w.subscribe(peer, "a", 1);
  (void)w.subscribe(peer, "b", 2);
  w.world.write(0, conversation(1));
  w.world.write(0, conversation(2));
  w.advance();
  CHECK(peer.stream->resumes == std::vector<std::string>{"0.0", "2.0"});
}

// ---- resuming ----

TEST_CASE("a cursor resumes a subscription: what came after it, and no more") {
  LiveWorld w;
  for (int i = 0; i < 5; ++i) w.world.write(0, conversation(1));
  auto peer = w.client();
  CHECK(w.subscribe(peer, "s", 1, R"(,"cursor":"3.0")") ==
        R"({"op":"change","id":"s","cursor":"5.0","data":[3,4]})");
  CHECK(w.subscribe(peer, "t", 1, R"(,"cursor":"5.0")") ==
        R"({"op":"change","id":"t","cursor":"5.0","data":[]})");
  CHECK(w.say(peer, R"({"op":"resume","cursor":"4.0"})").empty());
  CHECK(w.subscribe(peer, "u", 1) == R"({"op":"change","id":"u","cursor":"5.0","data":[4]})");
}

TEST_CASE("a resume is for the subscriptions that follow it, not for what is opened later") {
  LiveWorld w;
  for (int i = 0; i < 3; ++i) w.world.write(0, conversation(1));
  auto peer = w.client();
  (void)w.say(peer, R"({"op":"resume","cursor":"2.0"})");
  CHECK(w.subscribe(peer, "a", 1).find(R"("op":"change")") != std::string::npos);
  (void)w.say(peer, R"({"op":"ping"})");
  CHECK(w.subscribe(peer, "b", 1).find(R"("op":"snapshot")") != std::string::npos);
  (void)w.say(peer, R"({"op":"resume","cursor":"2.0"})");
  w.executor.run_for(11'000);
  CHECK(w.subscribe(peer, "c", 1).find(R"("op":"snapshot")") != std::string::npos);
}

TEST_CASE("a long way to resume comes in several messages, each with a cursor that is true for it") {
  LiveWorld w;
  for (int i = 0; i < 15; ++i) w.world.write(0, conversation(1));
  w.world.write(1, conversation(1));
  auto peer = w.client();
  CHECK(w.subscribe(peer, "s", 1, R"(,"cursor":"2.0")") ==
        "{\"op\":\"change\",\"id\":\"s\",\"cursor\":\"12.1\",\"data\":[2,3,4,5,6,7,8,9,10,11]}\n"
        "{\"op\":\"change\",\"id\":\"s\",\"cursor\":\"15.1\",\"data\":[12,13,14]}");
}

TEST_CASE("what cannot be resumed is reset and told whole") {
  LiveWorld w;
  for (int i = 0; i < 150; ++i) w.world.write(0, conversation(1));
  auto peer = w.client();
  CHECK(w.subscribe(peer, "s", 1, R"(,"cursor":"nonsense")")
            .starts_with(
                "{\"op\":\"reset\",\"id\":\"s\",\"reason\":\"cursor.unknown\"}\n{\"op\":\"snapshot\""));
  CHECK(w.subscribe(peer, "t", 1, R"(,"cursor":"1.0")")
            .starts_with(
                "{\"op\":\"reset\",\"id\":\"t\",\"reason\":\"too_much_changed\"}\n{\"op\":\"snapshot\""));
  CHECK(w.say(peer, R"({"op":"resume","cursor":"nonsense"})") ==
        R"({"op":"reset","id":null,"reason":"cursor.unknown"})");
}

TEST_CASE("a cursor ahead of the views waits for them: nothing is told twice after a restart") {
  LiveWorld w;
  for (int i = 0; i < 5; ++i) w.world.write(0, conversation(1));
  w.world.applied[0] = 2;
  auto peer = w.client();
  CHECK(w.subscribe(peer, "s", 1, R"(,"cursor":"4.0")").empty());
  CHECK(w.say(peer, R"({"op":"ping"})").empty());
  w.world.applied[0] = 3;
  w.advance();
  w.executor.run_for(60);
  CHECK(peer.stream->take().empty());
  w.world.applied[0] = 5;
  w.advance();
  w.executor.run_for(60);
  CHECK(peer.stream->take() ==
        "{\"op\":\"change\",\"id\":\"s\",\"cursor\":\"5.0\",\"data\":[4]}\n{\"op\":\"pong\"}");
}

TEST_CASE("a subscription that names a position sees it: it waits until the views are there") {
  LiveWorld w;
  for (int i = 0; i < 3; ++i) w.world.write(0, conversation(1));
  w.world.applied[0] = 1;
  auto peer = w.client();
  CHECK(w.subscribe(peer, "here", 1, R"(,"at_least":"1.0")").starts_with(R"({"op":"snapshot")"));
  CHECK(w.subscribe(peer, "later", 1, R"(,"at_least":"3.0")").empty());
  w.world.applied[0] = 3;
  w.advance();
  w.executor.run_for(60);
  CHECK(peer.stream->take().find(R"({"op":"snapshot","id":"later")") != std::string::npos);
  CHECK(w.subscribe(peer, "x", 1, R"(,"at_least":"nonsense")").find("cursor.unknown") != std::string::npos);
}

TEST_CASE("a position that the views do not reach in time is said to be ahead of them, each time") {
  LiveWorld w;
  for (int i = 0; i < 4; ++i) w.world.write(0, conversation(1));
  w.world.applied[0] = 0;
  auto peer = w.client();
  for (const char* id : {"s", "t"}) {
    CHECK(w.subscribe(peer, id, 1, R"(,"at_least":"4.0")").empty());
    w.executor.run_for(12'000);
    const std::string told = peer.stream->take();
    CHECK(told.find(R"("code":"view_behind")") != std::string::npos);
    CHECK(told.find("snapshot") == std::string::npos);
  }
  CHECK(w.subscribe(peer, "u", 1).starts_with(R"({"op":"snapshot")"));
}

TEST_CASE("views that do not come back in time are not waited for without end") {
  LiveWorld w;
  for (int i = 0; i < 4; ++i) w.world.write(0, conversation(1));
  w.world.applied[0] = 1;
  auto peer = w.client();
  CHECK(w.subscribe(peer, "s", 1, R"(,"cursor":"4.0")").empty());
  w.executor.run_for(12'000);
  const std::string told = peer.stream->take();
  CHECK(told.find(R"("reason":"views_behind")") != std::string::npos);
  CHECK(told.find(R"({"op":"snapshot","id":"s")") != std::string::npos);
}

// ---- bounds and faults ----

TEST_CASE("a connection has so many subscriptions and no more") {
  LiveWorld w;
  auto peer = w.client();
  for (int i = 0; i < 32; ++i)
    CHECK(w.subscribe(peer, std::to_string(i), 1).find("snapshot") != std::string::npos);
  CHECK(w.subscribe(peer, "x", 1).find("live.too_many_subscriptions") != std::string::npos);
  CHECK(w.subscribe(peer, "0", 1).find("live.too_many_subscriptions") == std::string::npos);
}

TEST_CASE("so many clients, and no more") {
  LiveLimits limits;
  limits.clients_max = 2;
  LiveWorld w(limits);
  auto a = w.client();
  CHECK(w.core.has_room());
  auto b = w.follower(std::nullopt);
  CHECK_FALSE(w.core.has_room());
  a.handler->on_close();
  w.executor.run();
  CHECK(w.core.has_room());
}

TEST_CASE("what is no JSON ends the connection, what is wrong is answered") {
  LiveWorld w;
  auto peer = w.client();
  CHECK(w.say(peer, R"({"op":"dance"})").find("live.unknown_op") != std::string::npos);
  CHECK(w.say(peer, R"({"op":"subscribe","id":"s","what":"else"})").find("live.unknown_topic") !=
        std::string::npos);
  CHECK(w.say(peer, R"({"op":"ping"})") == R"({"op":"pong"})");
  CHECK_FALSE(peer.stream->closed);
  (void)w.say(peer, "{");
  CHECK(peer.stream->closed == close_code::bad_payload);
}

TEST_CASE("who is no longer allowed in is put out within half a minute") {
  LiveWorld w;
  auto peer = w.client();
  auto follower = w.follower(std::nullopt);
  w.executor.run_for(40'000);
  CHECK_FALSE(peer.stream->closed);
  w.allowed = false;
  w.executor.run_for(31'000);
  CHECK(peer.stream->closed == close_code::policy);
  CHECK(peer.stream->reason == "unauthorized");
  CHECK(follower.stream->closed.has_value());
}

// ---- presence ----

TEST_CASE("who is at a conversation is told to those who look at it, and to nobody else") {
  LiveWorld w;
  auto ada = w.client(1), bo = w.client(2), other = w.client(3), foreign = w.client(4, elsewhere);
  (void)w.subscribe(ada, "s", 1);
  (void)w.subscribe(other, "s", 2);
  CHECK(w.say(bo, viewing(1, "viewing")) == viewers(1, R"({"agent":"2","state":"viewing"})"));
  CHECK(ada.stream->take() == viewers(1, R"({"agent":"2","state":"viewing"})"));
  w.executor.run_for(60);
  (void)w.say(ada, viewing(1, "typing"));
  w.executor.run_for(60);
  CHECK(bo.stream->take() == viewers(1, R"({"agent":"1","state":"typing"},{"agent":"2","state":"viewing"})"));
  bo.handler->on_close();
  w.executor.run_for(60);
  CHECK(ada.stream->take().ends_with(viewers(1, R"({"agent":"1","state":"typing"})")));
  CHECK(other.stream->take().empty());
  CHECK(foreign.stream->take().empty());
}

TEST_CASE("of several windows of one agent the busiest counts") {
  LiveWorld w;
  auto one = w.client(1), two = w.client(1);
  (void)w.say(one, viewing(1, "typing"));
  w.executor.run_for(60);
  CHECK(w.say(two, viewing(1, "idle")) == viewers(1, R"({"agent":"1","state":"typing"})"));
}

TEST_CASE("typing that is not said again becomes viewing, and silence ends it") {
  LiveWorld w;
  auto ada = w.client(1), watcher = w.client(2);
  (void)w.subscribe(watcher, "s", 1);
  (void)w.say(ada, viewing(1, "typing"));
  for (int i = 0; i < 3; ++i) {
    w.executor.run_for(10'500);
    (void)w.say(ada, R"({"op":"ping"})");
  }
  CHECK(watcher.stream->take().ends_with(viewers(1, R"({"agent":"1","state":"viewing"})")));
  w.executor.run_for(32'000);
  CHECK(watcher.stream->take() == viewers(1, ""));
}

TEST_CASE("somebody who comes later is told who is there") {
  LiveWorld w;
  auto ada = w.client(1);
  (void)w.say(ada, viewing(1, "viewing"));
  w.executor.run_for(60);
  auto late = w.client(2);
  CHECK(w.subscribe(late, "s", 1).ends_with(viewers(1, R"({"agent":"1","state":"viewing"})")));
  CHECK(w.say(late, R"({"op":"subscribe","id":"p","what":"presence"})").find(R"("state":"viewing")") !=
        std::string::npos);
}

TEST_CASE("a program is at no conversation, and a conversation that is not has no viewers") {
  LiveWorld w;
  auto program = w.client(0), foreign = w.client(1, elsewhere);
  CHECK(w.say(program, viewing(1, "viewing")).find("agent.required") != std::string::npos);
  CHECK(w.say(foreign, viewing(1, "viewing")).find("conversation.not_found") != std::string::npos);
}

// ---- the feed's followers ----

TEST_CASE(
    "a follower gets all from where it was, each once, and the same text serves all who follow the same") {
  LiveWorld w;
  for (int i = 0; i < 3; ++i) w.world.write(0, conversation(1));
  w.world.write(1, conversation(1), elsewhere);
  auto a = w.follower(FeedPlace{{1, 0}, 0, 0}), b = w.follower(FeedPlace{{1, 0}, 0, 0});
  w.executor.run();
  CHECK(w.world.feeds == 1);
  CHECK(a.stream->take() == "retry: 2000\n\n\n0:1 0:2 ");
  CHECK(b.stream->take() == "retry: 2000\n\n\n0:1 0:2 ");
  w.world.write(1, conversation(2));
  w.advance();
  CHECK(w.world.feeds == 2);
  CHECK(a.stream->take() == "1:1 ");
  CHECK(b.stream->take() == "1:1 ");
}

TEST_CASE("a follower that does not read is not written to, and goes on when it reads again") {
  LiveLimits limits;
  limits.feed_events_a_piece = 2;
  LiveWorld w(limits);
  auto peer = w.follower(FeedPlace{{0, 0}, 0, 0});
  (void)peer.stream->take();
  peer.stream->waiting = 70'000;
  for (int i = 0; i < 5; ++i) w.world.write(0, conversation(1));
  w.advance();
  CHECK(peer.stream->take().empty());
  peer.stream->waiting = 0;
  peer.handler->on_drained();
  w.executor.run();
  CHECK(peer.stream->take() == "0:0 0:1 \n0:2 0:3 \n0:4 ");
}

TEST_CASE("a follower without a place starts at the end, or is told why it must start anew") {
  LiveWorld w;
  w.world.write(0, conversation(1));
  auto end = w.follower(std::nullopt);
  CHECK(end.stream->take() == "retry: 2000\n\nid: 1.0\n\n");
  auto lost = w.follower(std::nullopt, "cursor.unknown");
  CHECK(lost.stream->take() ==
        "retry: 2000\n\nevent: reset\nid: 1.0\ndata: {\"reason\":\"cursor.unknown\"}\n\n");
}

TEST_CASE("a quiet feed beats, and what was passed over counts as read") {
  LiveWorld w;
  auto peer = w.follower(std::nullopt);
  (void)peer.stream->take();
  w.executor.run_for(16'000);
  CHECK(peer.stream->take() == ": \n\n");
  w.world.write(0, conversation(1), elsewhere);
  w.advance();
  CHECK(peer.stream->take().empty());
  w.executor.run_for(16'000);
  CHECK(peer.stream->take() == "id: 1.0\n\n");
}

TEST_CASE("a log that cannot be read ends the follower instead of leaving something out") {
  LiveWorld w;
  auto peer = w.follower(std::nullopt);
  w.world.unreadable = true;
  w.world.write(0, conversation(1));
  w.advance();
  CHECK(peer.stream->closed.has_value());
}

}  // namespace
}  // namespace parlance::http
