#include "tests/support/fake_engine.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace upkeep::testing {
namespace {

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string chunk(std::string_view piece) { return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece); }

// "/v1.43/containers/json?all=1" -> "/containers/json"
std::string path_of(const std::string& target) {
  std::string path = target.substr(0, target.find('?'));
  if (path.starts_with("/v1.")) path.erase(0, path.find('/', 1));
  return path;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out + '"';
}

std::string labels_of(const FakeEngine::Fields& fields) {
  std::string out;
  for (const auto& [key, value] : fields.labels) {
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json_text(key), json_text(value));
  }
  return "{" + out + "}";
}

}  // namespace

FakeEngine::FakeEngine() {
  answer("/version",
         R"({"Components":[{"Name":"Engine"}],"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})");
  answer("/_ping", "OK");
  answer("/containers/json", "[]");
  start();
}

FakeEngine::~FakeEngine() {
  stop();
  hang_up();
  for (std::thread& thread : threads_) thread.join();
}

void FakeEngine::start() {
  const std::string path = socket();
  ::unlink(path.c_str());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path of a socket too long: " + path);
  path.copy(address.sun_path, path.size());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 64) != 0) {
    throw std::runtime_error("cannot listen on " + path);
  }
  const std::lock_guard lock(mutex_);
  listener_ = listener;
  acceptor_ = std::thread([this, listener] { accept_all(listener); });
}

void FakeEngine::stop() {
  if (!acceptor_.joinable()) return;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  hang_up();
}

void FakeEngine::accept_all(int listener) {
  for (int connection = 0; (connection = ::accept(listener, nullptr, nullptr)) >= 0;) {
    const std::lock_guard lock(mutex_);
    ++connection_count_;
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void FakeEngine::serve(int connection) {
  std::string received;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = ::recv(connection, buffer.data(), buffer.size(), 0)) > 0;) {
    received.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = received.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const std::size_t begin = received.find(' ') + 1;
    const std::string target = received.substr(begin, received.find(' ', begin) - begin);
    received.erase(0, end + 4);
    if (!reply(connection, target)) break;
  }
  const std::lock_guard lock(mutex_);
  std::erase(connections_, connection);
  std::erase(streams_, connection);
  ::close(connection);
}

bool FakeEngine::reply(int connection, const std::string& target) {
  std::unique_lock lock(mutex_);
  const std::string path = path_of(target);
  ++requests_[path];
  targets_.push_back(target);
  if (hanging_) return true;
  const auto found = answers_.find(path);
  if (found == answers_.end() && path == "/events") {
    streams_.push_back(connection);
    return send_all(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  const Answer answer =
      found != answers_.end() ? found->second : Answer{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"};
  lock.unlock();
  return answer.hang || (send_all(connection, answer.bytes) && !answer.close);
}

void FakeEngine::answer(const std::string& path, std::string body, int status) {
  const std::lock_guard lock(mutex_);
  answers_[path] = {fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                status, body.size(), body)};
}

void FakeEngine::answer_chunked(const std::string& path, const std::string& body) {
  std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  constexpr std::size_t kChunk = 7;
  for (std::size_t at = 0; at < body.size(); at += kChunk) bytes += chunk(std::string_view(body).substr(at, kChunk));
  const std::lock_guard lock(mutex_);
  answers_[path] = {bytes + "0\r\n\r\n"};
}

void FakeEngine::answer_raw(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  answers_[path] = {std::move(bytes), true};
}

void FakeEngine::hang(const std::string& path) {
  const std::lock_guard lock(mutex_);
  answers_[path] = {"", false, true};
}

void FakeEngine::hang_everywhere(bool hanging) {
  const std::lock_guard lock(mutex_);
  hanging_ = hanging;
}

void FakeEngine::send_event(const std::string& line) {
  const std::lock_guard lock(mutex_);
  for (const int stream : streams_) send_all(stream, chunk(line + "\n"));
}

void FakeEngine::hang_up() {
  const std::lock_guard lock(mutex_);
  for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
}

std::size_t FakeEngine::requests(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = requests_.find(path);
  return found == requests_.end() ? 0 : found->second;
}

std::size_t FakeEngine::connections() const {
  const std::lock_guard lock(mutex_);
  return connection_count_;
}

std::vector<std::string> FakeEngine::targets() const {
  const std::lock_guard lock(mutex_);
  return targets_;
}

std::string FakeEngine::inspection(const std::string& id, const Fields& fields) {
  const std::string health =
      fields.health.empty() ? ""
                            : fmt::format(R"(,"Health":{{"Status":"{}","FailingStreak":{},"Log":[{{"Output":"x"}}]}})",
                                          fields.health, fields.failing_streak);
  return fmt::format(
      R"({{"Id":"{}","Created":"2026-01-01T00:00:00Z","Path":"sh","Args":[],"State":{{"Status":"{}","Running":true,)"
      R"("OOMKilled":{},"Pid":4711,"ExitCode":{},"StartedAt":"{}","FinishedAt":"{}"{}}},"Image":"{}","LogPath":{},)"
      R"("Name":{},"RestartCount":{},"HostConfig":{{"LogConfig":{{"Type":"{}"}},"NetworkMode":"default"}},)"
      R"("Config":{{"Image":"{}","Labels":{}}}}})",
      id, fields.state, fields.oom_killed, fields.exit_code, fields.started, fields.finished, health, fields.image_id,
      json_text(fields.log_path), json_text("/" + fields.name), fields.restart_count,
      fields.log_path.empty() ? "journald" : "json-file", fields.image, labels_of(fields));
}

std::string FakeEngine::listed(const std::string& id, const Fields& fields) {
  return fmt::format(
      R"({{"Id":"{}","Names":[{}],"Image":"{}","ImageID":"{}","Command":"sh","Created":1767225600,"Ports":[],)"
      R"("Labels":{},"State":"{}","Status":"Up 2 hours","HostConfig":{{"NetworkMode":"default"}},"Mounts":[]}})",
      id, json_text("/" + fields.name), fields.image, fields.image_id, labels_of(fields), fields.state);
}

void FakeEngine::put(const std::map<std::string, Fields>& containers) {
  std::string list;
  for (const auto& [id, fields] : containers) {
    list += (list.empty() ? "" : ",") + listed(id, fields);
    answer("/containers/" + id + "/json", inspection(id, fields));
  }
  answer("/containers/json", "[" + list + "]");
}

std::string FakeEngine::event(const std::string& id, const std::string& action, std::uint64_t nanoseconds) {
  return fmt::format(
      R"({{"status":"{0}","id":"{1}","from":"shop:1","Type":"container","Action":"{0}","Actor":{{"ID":"{1}",)"
      R"("Attributes":{{"image":"shop:1"}}}},"scope":"local","time":{2},"timeNano":{3}}})",
      action, id, nanoseconds / 1'000'000'000, nanoseconds);
}

std::string FakeEngine::id(std::size_t number) { return fmt::format("{:064x}", number); }

}  // namespace upkeep::testing
