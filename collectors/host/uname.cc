// What the machine and its kernel call themselves. https://man7.org/linux/man-pages/man2/uname.2.html
#include <cstring>

#include "collectors/all.h"
#include "exporter/kernel.h"

namespace upkeep {

namespace {

constexpr MetricDesc kInfo = gauge("node_uname_info", "Always 1; labels are what uname says.",
                                   {"sysname", "release", "version", "machine", "nodename", "domainname"});
constexpr const MetricDesc* kMetrics[] = {&kInfo};

template <std::size_t kSize>
std::string_view text(const char (&field)[kSize]) {
  return {field, ::strnlen(field, kSize)};
}

class Uname final : public Collector {
 public:
  explicit Uname(Kernel& kernel) : kernel_(kernel) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const utsname name, kernel_.uname());
    out.add(kInfo, 1,
            {text(name.sysname), text(name.release), text(name.version), text(name.machine), text(name.nodename),
             text(name.domainname)});
    return {};
  }

 private:
  Kernel& kernel_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Uname>(environment.kernel);
}

}  // namespace

const CollectorType uname_collector = {
    .name = "uname",
    .section = "host",
    .help = "What the machine and its kernel call themselves.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
