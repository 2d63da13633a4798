// Packets that each CPU took in, and those it could not. https://docs.kernel.org/networking/scaling.html,
// net/core/net-procfs.c; a line a CPU, hexadecimal, columns added over the years.
//   0000004b 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
//   00000001
#include <algorithm>
#include <array>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

struct Column {
  std::size_t number;  // from 0
  MetricDesc family;
};

constexpr Column kColumns[] = {
    {0, counter("node_softnet_processed_total", "Packets the CPU took in.", {"cpu"})},
    {1, counter("node_softnet_dropped_total", "Packets dropped because the CPU's queue was full.", {"cpu"})},
    {2, counter("node_softnet_times_squeezed_total", "Rounds that ended with packets left over.", {"cpu"})},
    {8, counter("node_softnet_cpu_collision_total", "Meetings with another CPU that was sending.", {"cpu"})},
    {9, counter("node_softnet_received_rps_total", "Wake-ups by another CPU to take in packets.", {"cpu"})},
    {10, counter("node_softnet_flow_limit_count_total", "Packets dropped by the flow limit.", {"cpu"})},
    {11, gauge("node_softnet_backlog_len", "Packets waiting in the CPU's queue.", {"cpu"})},
};
constexpr std::size_t kLeastColumns = 9;
constexpr std::size_t kCpuColumn = 12;
constexpr auto kMetrics = [] {
  std::array<const MetricDesc*, std::size(kColumns)> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = &kColumns[i].family;
  return all;
}();

struct Row {
  std::array<std::uint64_t, kCpuColumn + 1> values;
  std::size_t columns = 0;
};

Result<Row> parse(std::string_view line) {
  Row row;
  Words words(line);
  for (std::uint64_t& value : row.values) {
    const std::string_view word = words.next();
    if (word.empty()) break;
    const auto number = to_u64(word, 16);
    if (!number) return fail(ErrorCode::kParse, "hexadecimal numbers expected");
    value = *number;
    ++row.columns;
  }
  if (row.columns < kLeastColumns) return fail(ErrorCode::kParse, "nine columns expected");
  return row;
}

class Softnet final : public Collector {
 public:
  explicit Softnet(const Environment& environment) : file_(environment.fs.open(kPath, FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    if (text.empty()) return fail(ErrorCode::kParse, "proc/net/softnet_stat: empty");
    std::uint64_t line_number = 0;
    return each_line(kPath, text, [&](std::string_view line) { return add_line(line_number++, line, out); });
  }

 private:
  static constexpr std::string_view kPath = "proc/net/softnet_stat";

  // Before Linux 5.14 the line does not say whose it is.
  static Result<> add_line(std::uint64_t line_number, std::string_view line, SampleSink& out) {
    UPKEEP_TRY(const Row row, parse(line));
    const std::uint64_t number = row.columns > kCpuColumn ? row.values[kCpuColumn] : line_number;
    std::array<char, 20> digits{};
    const char* const end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    const std::string_view cpu(digits.data(), end);
    for (const Column& column : kColumns)
      if (column.number < row.columns) out.add(column.family, static_cast<double>(row.values[column.number]), {cpu});
    return {};
  }

  std::unique_ptr<File> file_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Softnet>(environment);
}

}  // namespace

const CollectorType softnet_collector = {
    .name = "softnet",
    .section = "host",
    .help = "Packets taken in, dropped and left over by each CPU.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
