// Any bytes at all as each of the answers of a container engine, and as a compose file: what is understood of it is
// bounded and fit to be asked about again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "collectors/containers/compose.h"
#include "collectors/containers/engine_json.h"
#include "collectors/json/rfc3339.h"
#include "exporter/limits.h"
#include "exporter/utf8.h"

namespace upkeep::containers {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
void check_error(const Result<T>& result) {
  require(result || (!result.error().message.empty() && is_utf8(result.error().message)));
}

void check_container(const Container& container) {
  require(is_container_id(container.id));
  require(is_utf8(container.name) && is_utf8(container.image));
  require(container.labels.size() <= 64 && container.pid >= 0);
  require(container.created >= 0 || !container.inspected);
  require(container.started >= 0 && container.finished >= 0);
}

void run(std::string_view text) {
  if (const auto version = parse_version(text)) {
    require(to_string(version->newest).find_first_not_of("0123456789.") == std::string::npos);
  }
  const auto list = parse_list(text);
  check_error(list);
  if (list) {
    require(list->containers.size() <= kMaxContainers);
    for (const Container& container : list->containers) check_container(container);
  }
  const auto container = parse_inspect(text);
  check_error(container);
  if (container) check_container(*container);
  const auto event = parse_event(text);
  check_error(event);
  if (event) require(event->id.empty() || is_container_id(event->id));
  const auto usage = parse_disk_usage(text);
  check_error(usage);
  if (usage) require(usage->images.bytes >= 0 && usage->volumes.reclaimable_bytes <= usage->volumes.bytes);
  check_error(count_elements(text));
  require(json::parse_rfc3339(text) >= 0);
  const auto services = parse_compose_file(text, "/srv/shop/compose.yml");
  check_error(services);
  if (services) require(services->size() <= limits::kConfigNodes);
}

}  // namespace
}  // namespace upkeep::containers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upkeep::containers::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
