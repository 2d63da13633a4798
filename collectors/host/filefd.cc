// Open files of the whole machine. https://docs.kernel.org/admin-guide/sysctl/fs.html ("file-nr")
//   3360    0       2466170
#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

struct FileNumbers {
  std::uint64_t allocated = 0, maximum = 0;
};

Result<FileNumbers> parse(std::string_view text) {
  Words words(text);
  const auto allocated = words.next_u64();
  words.next();  // free handles; zero since Linux 2.6
  const auto maximum = words.next_u64();
  if (!allocated || !maximum) return fail(ErrorCode::kParse, "proc/sys/fs/file-nr: three numbers expected");
  return FileNumbers{*allocated, *maximum};
}

constexpr MetricDesc kAllocated = gauge("node_filefd_allocated", "File handles in use on the whole machine.");
constexpr MetricDesc kMaximum = gauge("node_filefd_maximum", "File handles the kernel will give out (fs.file-max).");
constexpr const MetricDesc* kMetrics[] = {&kAllocated, &kMaximum};

class Filefd final : public Collector {
 public:
  explicit Filefd(const Environment& environment)
      : file_(environment.fs.open("proc/sys/fs/file-nr", FileKind::kAttribute)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    UPKEEP_TRY(const FileNumbers numbers, parse(text));
    out.add(kAllocated, static_cast<double>(numbers.allocated));
    out.add(kMaximum, static_cast<double>(numbers.maximum));
    return {};
  }

 private:
  std::unique_ptr<File> file_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Filefd>(environment);
}

}  // namespace

const CollectorType filefd_collector = {
    .name = "filefd",
    .section = "host",
    .help = "File handles in use and their limit.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
