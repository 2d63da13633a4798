// A container engine's API on a Unix socket, which answers what it is told, badly too.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace upkeep::testing {

// Begins as a Docker 20.10 without containers. Thread-safe.
class FakeEngine {
 public:
  FakeEngine();
  ~FakeEngine();
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  [[nodiscard]] std::string socket() const { return folder_.path() / "docker.sock"; }
  [[nodiscard]] const TemporaryDirectory& folder() const { return folder_; }

  // What is answered to a path, without the version before it and the query behind it; 404 to all others.
  void answer(const std::string& path, std::string body, int status = 200);
  // The same in many small chunks.
  void answer_chunked(const std::string& path, const std::string& body);
  // These bytes, and then the connection is closed.
  void answer_raw(const std::string& path, std::string bytes);
  // Connections are taken and requests read, and that is all.
  void hang(const std::string& path);
  void hang_everywhere(bool hanging);

  // A line to all who listen.
  void send_event(const std::string& line);
  // Ends all streams and connections.
  void hang_up();
  // As a daemon that is stopped: nobody listens any more, the socket stays. And started again.
  void stop();
  void start();

  [[nodiscard]] std::size_t requests(const std::string& path) const;
  [[nodiscard]] std::size_t connections() const;           // so far
  [[nodiscard]] std::vector<std::string> targets() const;  // as they came

  // The inspection of a container, and its line in the list.
  struct Fields {
    std::string name = "web", image = "shop:1", image_id = "sha256:1", state = "running", health, log_path;
    int restart_count = 0, exit_code = 0, failing_streak = 0;
    bool oom_killed = false;
    std::string started = "2026-01-02T03:04:05.5Z", finished = "0001-01-01T00:00:00Z";
    std::map<std::string, std::string> labels = {};
  };
  static std::string inspection(const std::string& id, const Fields& fields);
  static std::string listed(const std::string& id, const Fields& fields);
  // Answers the list and the inspections of these.
  void put(const std::map<std::string, Fields>& containers);
  static std::string event(const std::string& id, const std::string& action, std::uint64_t nanoseconds);
  // 64 hex digits.
  static std::string id(std::size_t number);

 private:
  struct Answer {
    std::string bytes;
    bool close = false, hang = false;
  };
  void accept_all(int listener);
  void serve(int connection);
  bool reply(int connection, const std::string& target);

  TemporaryDirectory folder_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::size_t> requests_;
  std::vector<std::string> targets_;
  std::vector<int> streams_, connections_;
  std::vector<std::thread> threads_;
  std::size_t connection_count_ = 0;
  bool hanging_ = false;
  int listener_ = -1;
  std::thread acceptor_;
};

}  // namespace upkeep::testing
