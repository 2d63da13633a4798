// What containers leave on the disk: images, volumes, build cache, logs, and how much of it nobody needs any more. The
// engine has to walk through all of it to answer, so it is asked seldom.
#include <fmt/format.h>

#include <array>
#include <set>

#include "collectors/all.h"
#include "collectors/containers/api.h"
#include "collectors/containers/families.h"
#include "collectors/containers/options.h"
#include "exporter/filesystem.h"

namespace upkeep {
namespace containers {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::array kFamilies = {
    gauge("upkeep_container_storage_bytes", "Disk space that things of this type take.", {"type"}),
    gauge("upkeep_container_storage_reclaimable_bytes", "The part of it that no container needs.", {"type"}),
    gauge("upkeep_container_storage_items", "How many things of this type there are.", {"type"}),
    gauge("upkeep_container_storage_reclaimable_items", "How many of them no container needs.", {"type"}),
    gauge("upkeep_container_log_max_bytes", "Size from which on a log is large."),
    gauge("upkeep_container_image_created_timestamp_seconds", "When an image was built that containers run.",
          {"image"}),
    gauge("upkeep_container_image_max_age_seconds", "Age from which on an image is old."),
    gauge("upkeep_container_log_bytes", "Size of what the container has logged, as a json-file."),
};
enum Family : std::uint8_t {
  kBytes,
  kReclaimableBytes,
  kItems,
  kReclaimableItems,
  kLogMax,
  kImageCreated,
  kImageMaxAge,
  kLogBytes,
};

class Storage final : public Collector {
 public:
  Storage(Options options, const Environment& environment)
      : options_(std::move(options)),
        environment_(environment),
        families_(std::span(kFamilies).subspan(kLogBytes), options_.label_keys) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    const auto socket = find_socket(options_, environment_.fs);
    if (!socket) return fail(ErrorCode::kNoData, "no container engine");
    out.add(kFamilies[kLogMax], static_cast<double>(options_.log_max_bytes));
    out.add(kFamilies[kImageMaxAge], std::chrono::duration<double>(options_.image_max_age).count());
    auto api = Api::connect(*socket, {}, run.stop);
    if (!api) return {};  // which the collector `containers` says
    UPKEEP_TRY(const ContainerList list, answered(api->list()));
    UPKEEP_CHECK(publish_logs(*api, list, out));
    const auto left = std::chrono::duration_cast<milliseconds>(run.deadline - environment_.clock.now());
    UPKEEP_TRY(const DiskUsage usage, answered(api->disk_usage(std::max(left, 1ms))));
    publish_usage("images", usage.images, out);
    publish_usage("containers", usage.containers, out);
    publish_usage("volumes", usage.volumes, out);
    publish_usage("build_cache", usage.build_cache, out);
    publish_images(list, usage, out);
    UPKEEP_TRY(const std::uint64_t networks, answered(api->networks(false)));
    UPKEEP_TRY(const std::uint64_t unused, answered(api->networks(true)));
    out.add(kFamilies[kItems], static_cast<double>(networks), {"networks"});
    out.add(kFamilies[kReclaimableItems], static_cast<double>(unused), {"networks"});
    return {};
  }

 private:
  template <class T>
  static Result<T> answered(http::Answered<T> answer) {
    if (answer) return *std::move(answer);
    const bool late = answer.error().why == http::Failure::kTimeout;
    return fail(late ? ErrorCode::kTimeout : ErrorCode::kSystem, answer.error().message);
  }

  // Where a container logs never changes, so each is asked about once.
  Result<> publish_logs(Api& api, const ContainerList& list, SampleSink& out) {
    std::map<std::string, std::string> known;
    for (const Container& container : list.containers) {
      const auto found = log_paths_.find(container.id);
      std::string path = found == log_paths_.end() ? std::string() : found->second;
      if (found == log_paths_.end()) {
        UPKEEP_TRY(const Api::Inspected inspected, answered(api.inspect(container.id)));
        if (!inspected.container) continue;
        path = inspected.container->log_path;
      }
      if (path.starts_with('/') && options_.names.keeps(container.name))
        publish_log(container, environment_.fs.status(path.substr(1)), out);
      known.emplace(container.id, std::move(path));
    }
    log_paths_ = std::move(known);
    return {};
  }

  void publish_log(const Container& container, const Result<FileStatus>& status, SampleSink& out) const {
    if (!status || !status->is_regular) return;
    const std::string id = "/docker/" + container.id;
    ContainerSamples samples(families_, ContainerLabels(id, container, options_.label_keys), out);
    samples.add(0, static_cast<double>(status->size_bytes));
  }

  static void publish_usage(std::string_view type, const Usage& usage, SampleSink& out) {
    out.add(kFamilies[kBytes], usage.bytes, {type});
    out.add(kFamilies[kReclaimableBytes], usage.reclaimable_bytes, {type});
    out.add(kFamilies[kItems], static_cast<double>(usage.items), {type});
    out.add(kFamilies[kReclaimableItems], static_cast<double>(usage.reclaimable_items), {type});
  }

  static void publish_images(const ContainerList& list, const DiskUsage& usage, SampleSink& out) {
    std::set<std::string_view> published;
    for (const Container& container : list.containers) {
      const auto found = usage.image_created.find(container.image_id);
      if (container.state != State::kRunning || found == usage.image_created.end() || found->second <= 0) continue;
      if (!published.insert(container.image).second) continue;
      out.add(kFamilies[kImageCreated], found->second, {container.image});
    }
  }

  Options options_;
  const Environment environment_;
  const ContainerFamilies families_;
  std::map<std::string, std::string> log_paths_;  // by id
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Storage>(read_options(config), environment);
}

constexpr auto kMetrics = addresses(kFamilies);

}  // namespace
}  // namespace containers

const CollectorType container_storage_collector = {
    .name = "container_storage",
    .section = "containers",
    .help = "What containers leave on the disk: images, volumes, build cache, logs.",
    .cadence = Cadence::kInterval,
    .metrics = containers::kMetrics,
    .make = containers::make,
    .interval = std::chrono::minutes(10),
    .timeout = std::chrono::minutes(2),
};

}  // namespace upkeep
