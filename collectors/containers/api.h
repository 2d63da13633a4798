// The questions that a container engine is asked, in the version of its API that both sides speak. None of them has the
// engine measure anything that nobody asked to be measured: the sizes of containers are in disk_usage() alone.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/containers/engine.h"
#include "collectors/containers/engine_json.h"
#include "collectors/http/client.h"

namespace upkeep::containers {

// The newest version that we know, unless the engine is older, or too new for it.
ApiVersion chosen_version(const EngineVersion& version);

// What an alert says: one of a few words.
std::string_view reason_of(http::Failure failure);

// Whether nothing is there at all: then nothing needs to be loaded to ask it.
bool is_missing(const std::string& socket_path);

// One thread at a time.
class Api {
 public:
  // Asks for its version.
  static http::Answered<Api> connect(const std::string& socket_path, const EnginePace& pace,
                                     const std::stop_token& stop);

  [[nodiscard]] const EngineVersion& version() const { return version_; }
  http::Answered<> ping();
  http::Answered<ContainerList> list();
  struct Inspected {
    bool gone = false;                   // no such container
    std::optional<Container> container;  // none either when the engine cannot say
  };
  http::Answered<Inspected> inspect(const std::string& id);
  // Begins to listen, from the event of `since` (Unix nanoseconds) on, which may come again; 0: from now on.
  http::Answered<> listen(std::uint64_t since);
  // What has happened; waits for something at most `patience`.
  http::Answered<std::vector<ContainerEvent>> events(std::chrono::milliseconds patience);
  // Walks through all that the engine stores: slow.
  http::Answered<DiskUsage> disk_usage(std::chrono::milliseconds patience);
  // How many networks there are, or only those that nothing uses.
  http::Answered<std::uint64_t> networks(bool only_unused);

 private:
  Api(std::unique_ptr<http::Client> client, EnginePace pace) : client_(std::move(client)), pace_(pace) {}
  http::Answered<std::string> get(const std::string& path, std::size_t max_bytes, std::chrono::milliseconds patience);

  std::unique_ptr<http::Client> client_;
  EnginePace pace_;
  EngineVersion version_;
  std::string prefix_;  // "/v1.43"
};

}  // namespace upkeep::containers
