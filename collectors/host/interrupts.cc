// Interrupts by source and CPU: sources times CPUs is many series on a large machine.
// https://docs.kernel.org/filesystems/proc.html ("interrupts")
//              CPU0       CPU1
//    36:          0      40838 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0
//   LOC:      19821      28116   Local timer interrupts
//   ERR:          0
#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

constexpr MetricDesc kInterrupts =
    counter("node_interrupts_total", "Interrupts served.", {"cpu", "type", "info", "devices"});
constexpr const MetricDesc* kMetrics[] = {&kInterrupts};

constexpr std::string_view kPath = "proc/interrupts";

// What stands around the numbers of a line: the same every time, so taken apart once.
struct Source {
  std::string name, description;  // as in the file
  std::string info, devices;      // the labels made of them
};

std::string joined(Words words) {
  std::string text;
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

// A numbered interrupt has its controller first and then its devices; the others just say what they are.
Source make_source(std::string_view name, std::string_view description) {
  Source source{std::string(name), std::string(description), {}, {}};
  Words words(description);
  if (to_i64(name)) {
    source.info = words.next();
    source.devices = joined(words);
  } else {
    source.info = joined(words);
  }
  return source;
}

class Interrupts final : public Collector {
 public:
  // All interrupts without a number are one record.
  explicit Interrupts(const Environment& environment) : file_(environment.fs.open(kPath, FileKind::kLongTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    cpus_.clear();
    std::size_t position = 0;
    UPKEEP_CHECK(each_line(kPath, text, [&](std::string_view line) {
      return cpus_.empty() ? read_header(line) : add_line(position++, line, out);
    }));
    if (out.size() == 0) return fail(ErrorCode::kParse, "proc/interrupts: no interrupt found");
    return {};
  }

 private:
  // "CPU0 CPU2": those that are online.
  Result<> read_header(std::string_view line) {
    constexpr std::string_view kCpu = "CPU";
    Words words(line);
    for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
      if (!word.starts_with(kCpu)) return fail(ErrorCode::kParse, "names of CPUs expected");
      cpus_.push_back(word.substr(kCpu.size()));
    }
    return {};
  }

  Result<> add_line(std::size_t position, std::string_view line, SampleSink& out) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fail(ErrorCode::kParse, "`name: numbers` expected");
    const std::string_view name = trim(line.substr(0, colon));
    Words words(line.substr(colon + 1));
    counts_.clear();
    for (std::size_t i = 0; i < cpus_.size(); ++i) {
      const auto count = words.next_u64();
      if (!count && words.next().empty()) return {};  // ERR and MIS, which are of no CPU
      if (!count) return fail(ErrorCode::kParse, "a number for each CPU expected");
      counts_.push_back(static_cast<double>(*count));
    }
    const std::string_view description = trim(words.rest());
    if (description.empty()) return {};  // the same on a machine of one CPU
    const Source& source = source_at(position, name, description);
    for (std::size_t i = 0; i < cpus_.size(); ++i)
      out.add(kInterrupts, counts_[i], {cpus_[i], source.name, source.info, source.devices});
    return {};
  }

  const Source& source_at(std::size_t position, std::string_view name, std::string_view description) {
    if (position >= sources_.size()) sources_.resize(position + 1);
    Source& source = sources_[position];
    if (source.name != name || source.description != description) source = make_source(name, description);
    return source;
  }

  std::unique_ptr<File> file_;
  std::vector<Source> sources_;         // by line
  std::vector<std::string_view> cpus_;  // into the text
  std::vector<double> counts_;          // of one line
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Interrupts>(environment);
}

}  // namespace

const CollectorType interrupts_collector = {
    .name = "interrupts",
    .section = "host",
    .help = "Interrupts by source and CPU.",
    .metrics = kMetrics,
    .make = make,
    .max_series = limits::kSeriesByCpu,
    .node_exporter = true,
};

}  // namespace upkeep
