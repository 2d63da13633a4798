// The engine's thread against an API that answers well, badly, late and never.
#include "collectors/containers/engine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <tuple>

#include "collectors/containers/watcher.h"
#include "tests/support/fake_engine.h"
#include "tests/support/fakes.h"

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;
using Fields = testing::FakeEngine::Fields;

constexpr EnginePace kHurry{.answer = 500ms,
                            .list = 5s,
                            .check = 100ms,
                            .between_inspections = 5ms,
                            .inspected_at_once = 100,
                            .retry = 10ms,
                            .retry_at_most = 50ms};

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0); }
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int ends[2] = {-1, -1};
};

class EngineTest : public ::testing::Test {
 protected:
  using View = std::shared_ptr<const EngineView>;
  void begin(EnginePace pace = kHurry) {
    engine_ = std::make_unique<Engine>(EngineSettings{api_.socket(), {"kept"}}, clock_, log_, pace);
  }

  // The first view that is as it should be.
  View await(const std::function<bool(const EngineView&)>& good) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      View view = engine_->view();
      if (good(*view)) return view;
      std::this_thread::yield();
    }
    ADD_FAILURE() << "the view never came";
    return engine_->view();
  }
  // One with so many containers, all of them looked at.
  View await_containers(std::size_t count) {
    return await([&](const EngineView& view) {
      return view.up && view.containers.size() == count &&
             std::ranges::all_of(view.containers, [](const auto& one) { return one->inspected; });
    });
  }
  View await_down() {
    return await([](const EngineView& view) { return view.known && !view.up; });
  }
  void await_listener() {
    while (api_.requests("/events") == 0) std::this_thread::yield();
  }
  std::string logged() {
    log_.flush(5s);
    std::string text(65536, '\0');
    const ssize_t got = ::read(pipe_.ends[0], text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }

  static std::string id(std::size_t number) { return testing::FakeEngine::id(number); }

  Pipe pipe_;
  SystemClock clock_;
  testing::FakeEngine api_;
  Log log_{LogLevel::kInfo, LogFormat::kLogfmt, pipe_.ends[1]};
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, KnowsAllContainers) {
  api_.put(
      {{id(1), {.name = "web", .health = "healthy"}}, {id(2), {.name = "job", .state = "exited", .exit_code = 3}}});
  begin();
  const View view = await_containers(2);
  EXPECT_EQ(view->reason, "");
  EXPECT_EQ(view->name, "docker");
  EXPECT_EQ(view->version, "20.10.24");
  EXPECT_EQ(view->api_version, "1.41");
  EXPECT_EQ(view->containers[0]->name, "web");
  EXPECT_EQ(view->containers[0]->health, Health::kHealthy);
  EXPECT_EQ(view->containers[1]->state, State::kExited);
  EXPECT_EQ(view->containers[1]->exit_code, 3);
}

TEST_F(EngineTest, AsksForNothingDear) {
  api_.put({{id(1), {}}});
  begin();
  await_containers(1);
  for (const std::string& target : api_.targets()) {
    EXPECT_EQ(target.find("size="), std::string::npos) << target;
    EXPECT_EQ(target.find("exec"), std::string::npos) << target;
    EXPECT_TRUE(target == "/version" || target.starts_with("/v1.41/")) << target;
  }
}

TEST_F(EngineTest, LooksAgainOnlyAtWhatChanged) {
  api_.put({{id(1), {.name = "web"}}, {id(2), {.name = "job"}}});
  begin();
  await_containers(2);
  await_listener();
  api_.put({{id(1), {.name = "web", .state = "paused"}}, {id(2), {.name = "job"}}});
  api_.send_event(testing::FakeEngine::event(id(1), "pause", 1));
  await([](const EngineView& view) { return view.containers[0]->state == State::kPaused; });
  EXPECT_EQ(api_.requests("/containers/json"), 1u);
  EXPECT_EQ(api_.requests("/containers/" + id(1) + "/json"), 2u);
  EXPECT_EQ(api_.requests("/containers/" + id(2) + "/json"), 1u);
}

TEST_F(EngineTest, SeesContainersComeAndGo) {
  begin();
  await_containers(0);
  await_listener();
  api_.put({{id(2), {.name = "late"}}, {id(1), {.name = "later"}}});
  api_.send_event(testing::FakeEngine::event(id(2), "create", 1));
  api_.send_event(testing::FakeEngine::event(id(1), "create", 2));
  const View view = await_containers(2);
  EXPECT_EQ(view->containers[0]->name, "later") << "sorted by id";
  api_.send_event(testing::FakeEngine::event(id(2), "destroy", 3));
  await_containers(1);
  api_.answer("/containers/" + id(1) + "/json", "{}", 404);
  api_.send_event(testing::FakeEngine::event(id(1), "die", 4));
  await_containers(0);
}

TEST_F(EngineTest, LooksAfterTheUnhealthy) {
  api_.put({{id(1), {.health = "unhealthy", .failing_streak = 3}}});
  begin();
  await_containers(1);
  api_.put({{id(1), {.health = "unhealthy", .failing_streak = 4}}});
  await([](const EngineView& view) { return view.containers.at(0)->failing_streak == 4; });
}

TEST_F(EngineTest, CountsOomKillsFromEvents) {
  api_.put({{id(1), {}}});
  begin();
  await_containers(1);
  await_listener();
  constexpr std::uint64_t kTime = 1'800'000'000'000'000'000;
  api_.send_event(testing::FakeEngine::event(id(1), "oom", kTime));
  await([](const EngineView& view) { return view.containers[0]->ooms == 1; });
  // Twice the same is one; the state that the engine shows afterwards is of the same one.
  api_.put({{id(1), {.state = "exited", .oom_killed = true}}});
  api_.send_event(testing::FakeEngine::event(id(1), "oom", kTime));
  api_.send_event(testing::FakeEngine::event(id(1), "die", kTime + 1'000'000));
  EXPECT_EQ(await([](const EngineView& view) { return view.containers[0]->oom_killed; })->containers[0]->ooms, 1u);
}

TEST_F(EngineTest, OnlyLabelsThatAreWantedAreKept) {
  api_.put({{id(1), {.labels = {{"kept", "a"}, {"maintainer", "somebody"}}}}});
  begin();
  const std::map<std::string, std::string> expected = {{"kept", "a"}};
  EXPECT_EQ(await_containers(1)->containers[0]->labels, expected);
}

TEST_F(EngineTest, ADaemonThatRestartsCostsNothingButTime) {
  api_.put({{id(1), {.name = "web"}}});
  begin();
  await_containers(1);
  api_.stop();
  const View down = await([](const EngineView& view) { return view.reason == "refused"; });
  EXPECT_FALSE(down->up);
  ASSERT_EQ(down->containers.size(), 1u) << "what was known stays";
  api_.put({{id(1), {.name = "web", .started = "2026-01-02T04:00:00Z"}}, {id(2), {.name = "new"}}});
  api_.start();
  const View up = await_containers(2);
  await([](const EngineView& view) { return view.containers[0]->restarts == 1; });
  EXPECT_EQ(up->containers[1]->name, "new");
  engine_.reset();
  const std::string lines = logged();
  EXPECT_EQ(std::ranges::count(lines, '\n'), 3) << lines;
  EXPECT_NE(lines.find("Container engine reached"), std::string::npos) << lines;
  EXPECT_NE(lines.find("Container engine unreachable"), std::string::npos) << lines;
}

TEST_F(EngineTest, AHungDaemonIsNoticedAndForgiven) {
  api_.put({{id(1), {.name = "web"}}});
  begin();
  await_containers(1);
  api_.hang_everywhere(true);
  const View down = await_down();
  EXPECT_EQ(down->reason, "timeout");
  EXPECT_EQ(down->containers.size(), 1u);
  api_.hang_everywhere(false);
  await_containers(1);
}

TEST_F(EngineTest, EndsAtOnceWhateverTheDaemonDoes) {
  const auto ends = [&] {
    const auto began = std::chrono::steady_clock::now();
    engine_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  };
  api_.put({{id(1), {}}});
  begin({});  // as patient as in real life
  await_containers(1);
  await_listener();
  ends();

  api_.hang_everywhere(true);
  begin({});
  std::ignore = engine_->view();
  const std::size_t before = api_.requests("/version");
  while (api_.requests("/version") == before - 1) std::this_thread::yield();
  ends();
  api_.hang_everywhere(false);

  for (const std::string& path : {std::string("/containers/json"), "/containers/" + id(1) + "/json"}) {
    api_.hang(path);
    begin({});
    const std::size_t asked = api_.requests(path);
    std::ignore = engine_->view();
    while (api_.requests(path) == asked) std::this_thread::yield();
    ends();
    api_.put({{id(1), {}}});
  }
  api_.stop();
  begin({});
  await_down();
  ends();
}

TEST_F(EngineTest, OneStuckContainerHarmsNoOther) {
  api_.put({{id(1), {.name = "stuck"}}, {id(2), {.name = "web"}}, {id(3), {.name = "odd"}}});
  api_.hang("/containers/" + id(1) + "/json");
  api_.answer("/containers/" + id(3) + "/json", "{\"Id\":");
  begin();
  const View view =
      await([](const EngineView& one) { return one.containers.size() == 3 && one.containers[1]->inspected; });
  EXPECT_TRUE(view->up);
  EXPECT_EQ(view->containers[0]->name, "stuck") << "from the list";
  EXPECT_FALSE(view->containers[0]->inspected);
  EXPECT_EQ(view->containers[2]->name, "odd");
}

TEST_F(EngineTest, SaysWhyItIsDown) {
  struct Case {
    std::string path, bytes, reason;
  };
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: ";
  for (const Case& one : {Case{"/version", head + "2\r\n\r\n{}", "malformed"},
                          Case{"/version", head + "100\r\n\r\n{\"Version\":", "other"},
                          Case{"/version", "\x01\x02\n", "malformed"}, Case{"/version", "", "other"},
                          Case{"/version", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "denied"},
                          Case{"/containers/json", head + "2\r\n\r\n{}", "malformed"},
                          Case{"/containers/json", head + "9\r\n\r\n[{\"Id\":1,", "malformed"},
                          Case{"/containers/json", "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", "other"},
                          Case{"/events", head + "9\r\n\r\nnot JSON\n", "malformed"},
                          Case{"/events", "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", "other"}}) {
    testing::FakeEngine api;
    api.answer_raw(one.path, one.bytes);
    engine_ = std::make_unique<Engine>(EngineSettings{api.socket(), {}}, clock_, testing::no_log(), kHurry);
    EXPECT_EQ(await_down()->reason, one.reason) << one.path << " " << one.bytes;
    engine_.reset();
  }
}

TEST_F(EngineTest, WithoutASocketThereIsNoThread) {
  engine_ = std::make_unique<Engine>(EngineSettings{api_.socket() + "x", {}}, clock_, log_, kHurry);
  for (int i = 0; i < 3; ++i) {
    const View view = engine_->view();
    EXPECT_TRUE(view->known && !view->up);
    EXPECT_EQ(view->reason, "not_found");
  }
  engine_.reset();
  const std::string lines = logged();
  EXPECT_EQ(std::ranges::count(lines, '\n'), 1) << lines;
}

TEST_F(EngineTest, TenThousandContainersAreKept) {
  std::map<std::string, Fields> all;
  for (std::size_t i = 0; i < kMaxContainers + 10; ++i) all[id(i)] = {.name = "c" + std::to_string(i)};
  api_.put(all);
  begin({});
  const View view = await([](const EngineView& one) { return one.containers.size() == kMaxContainers; });
  EXPECT_EQ(view->left_out, 10u);
  EXPECT_EQ(view->containers.back()->name, "c9999");
}

TEST_F(EngineTest, AnAnswerInChunksIsAnAnswer) {
  api_.put({{id(1), {.name = "two\nlines"}}});
  api_.answer_chunked("/containers/json", "[" + testing::FakeEngine::listed(id(1), {.name = "two\nlines"}) + "]");
  begin();
  EXPECT_EQ(await_containers(1)->containers[0]->name, "two\nlines");
}

// What a container looked like, and then.
Container looked_at(double started, int restart_count, State state = State::kRunning, bool oom_killed = false) {
  Container one;
  one.inspected = true;
  one.started = started;
  one.restart_count = restart_count;
  one.state = state;
  one.oom_killed = oom_killed;
  return one;
}

// Restarts counted over a series of looks.
std::uint64_t restarts(const std::vector<Container>& looks) {
  Container known;
  for (Container now : looks) {
    carry_over(known, now);
    known = now;
  }
  return known.restarts;
}

TEST(CarryOver, RestartsAreCountedOnceEach) {
  EXPECT_EQ(restarts({looked_at(1, 0)}), 0u);
  EXPECT_EQ(restarts({looked_at(1, 5)}), 5u) << "what the engine knows at first sight";
  EXPECT_EQ(restarts({looked_at(1, 0), looked_at(1, 0)}), 0u);
  EXPECT_EQ(restarts({looked_at(1, 0), looked_at(2, 1)}), 1u);
  EXPECT_EQ(restarts({looked_at(1, 0), looked_at(1, 1, State::kRestarting), looked_at(2, 1)}), 1u);
  EXPECT_EQ(restarts({looked_at(1, 1, State::kRestarting), looked_at(2, 1)}), 1u);
  EXPECT_EQ(restarts({looked_at(1, 0), looked_at(9, 4)}), 4u) << "those that nobody saw";
  EXPECT_EQ(restarts({looked_at(1, 4), looked_at(2, 0)}), 5u) << "by hand, which resets the engine's count";
  EXPECT_EQ(restarts({looked_at(1, 4), looked_at(2, 0), looked_at(3, 1)}), 6u);
  EXPECT_EQ(restarts({looked_at(0, 0, State::kCreated), looked_at(1, 0)}), 0u) << "the first start is none";
}

TEST(CarryOver, OomKillsSurviveTheRestart) {
  const auto ooms = [](const std::vector<Container>& looks) {
    Container known;
    for (Container now : looks) {
      carry_over(known, now);
      known = now;
    }
    return known.ooms;
  };
  EXPECT_EQ(ooms({looked_at(1, 0)}), 0u);
  EXPECT_EQ(ooms({looked_at(1, 0, State::kExited, true), looked_at(1, 0, State::kExited, true)}), 1u);
  EXPECT_EQ(ooms({looked_at(1, 0, State::kExited, true), looked_at(2, 1)}), 1u);
  EXPECT_EQ(ooms({looked_at(1, 0, State::kExited, true), looked_at(2, 1, State::kExited, true)}), 2u);
}

}  // namespace
}  // namespace upkeep::containers
