// Paging, swapping, page faults and kills for want of memory. https://docs.kernel.org/admin-guide/mm/concepts.html
//   nr_free_pages 6038772
//   pgpgin 1752497
//   oom_kill 0
#include <fmt/format.h>

#include "collectors/all.h"
#include "collectors/host/field_cache.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

// Without their prefix these are the kernel's own names.
constexpr std::string_view kPrefix = "node_vmstat_";
constexpr std::array kKnown = {
    untyped("node_vmstat_oom_kill", "Processes killed for want of memory."),
    untyped("node_vmstat_pgfault", "Page faults, with and without a disk access."),
    untyped("node_vmstat_pgmajfault", "Page faults that had to wait for a disk."),
    untyped("node_vmstat_pgpgin", "KiB read from disks."),
    untyped("node_vmstat_pgpgout", "KiB written to disks."),
    untyped("node_vmstat_pswpin", "Pages brought back from swap."),
    untyped("node_vmstat_pswpout", "Pages put out to swap."),
};
constexpr auto kMetrics = addresses(kKnown);

// As node_exporter chooses by default: ^(oom_kill|pgpg|pswp|pg.*fault).*
constexpr bool wanted(std::string_view field) {
  return field.starts_with("oom_kill") || field.starts_with("pgpg") || field.starts_with("pswp") ||
         (field.starts_with("pg") && field.find("fault", 2) != std::string_view::npos);
}

class Vmstat final : public Collector {
 public:
  explicit Vmstat(const Environment& environment) : file_(environment.fs.open(kPath, FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    std::size_t position = 0;
    UPKEEP_CHECK(each_line(kPath, text, [&](std::string_view line) { return add_line(position++, line, out); }));
    if (out.size() == 0) return fail(ErrorCode::kParse, "proc/vmstat: none of its fields found");
    return {};
  }

 private:
  static constexpr std::string_view kPath = "proc/vmstat";

  Result<> add_line(std::size_t position, std::string_view line, SampleSink& out) {
    const auto find = [this](std::string_view name) { return find_family(name); };
    UPKEEP_TRY(const Field* const field, fields_.at(position, line, find));
    if (field->family == nullptr) return {};
    const auto value = Words(line.substr(field->name.size())).next_u64();
    if (!value) return fail(ErrorCode::kParse, "a number expected");
    out.add(*field->family, static_cast<double>(*value));
    return {};
  }

  Result<const MetricDesc*> find_family(std::string_view field) {
    if (!wanted(field)) return nullptr;
    for (const MetricDesc& family : kKnown)
      if (family.name.substr(kPrefix.size()) == field) return &family;
    return others_.get(fmt::format("{}{}", kPrefix, field), MetricType::kUntyped,
                       fmt::format("Field {} of /proc/vmstat.", field));
  }

  std::unique_ptr<File> file_;
  FieldCache fields_{' '};
  RuntimeFamilies others_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Vmstat>(environment);
}

}  // namespace

const CollectorType vmstat_collector = {
    .name = "vmstat",
    .section = "host",
    .help = "Paging, swapping, page faults and kills for want of memory.",
    .metrics = kMetrics,
    .open_prefixes = {kPrefix},
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
