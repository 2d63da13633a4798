// How much randomness the kernel has gathered. https://docs.kernel.org/admin-guide/sysctl/kernel.html ("random")
//   256
#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr MetricDesc kAvailable = gauge("node_entropy_available_bits", "Bits of entropy the kernel holds.");
constexpr MetricDesc kPoolSize = gauge("node_entropy_pool_size_bits", "Bits of entropy the kernel can hold.");
constexpr const MetricDesc* kMetrics[] = {&kAvailable, &kPoolSize};

class Entropy final : public Collector {
 public:
  explicit Entropy(const Environment& environment)
      : available_(environment.fs.open(kAvailablePath, FileKind::kAttribute)), fs_(environment.fs) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view available_text, available_->read());
    const auto available = to_u64(trim(available_text));
    if (!available) return fail(ErrorCode::kParse, std::string(kAvailablePath) + ": a number of bits expected");
    out.add(kAvailable, static_cast<double>(*available));
    if (!pool_size_) {  // a constant of the kernel
      UPKEEP_TRY(const std::string text, fs_.read(kPoolSizePath, FileKind::kAttribute));
      pool_size_ = to_u64(trim(text));
      if (!pool_size_) return fail(ErrorCode::kParse, std::string(kPoolSizePath) + ": a number of bits expected");
    }
    out.add(kPoolSize, static_cast<double>(*pool_size_));
    return {};
  }

 private:
  static constexpr std::string_view kAvailablePath = "proc/sys/kernel/random/entropy_avail";
  static constexpr std::string_view kPoolSizePath = "proc/sys/kernel/random/poolsize";
  std::unique_ptr<File> available_;
  std::optional<std::uint64_t> pool_size_;
  FileSystem& fs_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Entropy>(environment);
}

}  // namespace

const CollectorType entropy_collector = {
    .name = "entropy",
    .section = "host",
    .help = "Entropy of the kernel's random number generator.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
